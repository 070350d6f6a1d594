/** Gathers the commands that one turn of the event loop brings for one circuit: they go as one script. */

import type { FleetReply } from "../rules/reply.js";

/** Longer scripts would hold up the server for all others. */
const MAX_COMMANDS = 32;

/** What all commands of one script have in common. */
export interface ScriptTarget {
  /** The key of the circuit in Redis. */
  readonly key: string;
  /** The arguments that come before the commands: the time, the channel and the name. */
  readonly head: readonly string[];
}

/** One command of a script. */
interface ScriptCommand {
  readonly parts: readonly string[];
  /** Checks the reply, and throws when it is none. */
  read(reply: unknown): FleetReply;
}

/** Sends commands to one circuit. Resolves to one reply for each of them, in their order. */
type SendScript = (target: ScriptTarget, parts: readonly string[]) => Promise<readonly unknown[]>;

interface Waiting extends ScriptCommand {
  answer(reply: FleetReply): void;
  fail(error: unknown): void;
}

/** The commands of one store. An outcome and the admission of the next call cost one round trip. */
export class ScriptBatches {
  readonly #send: SendScript;
  /** What has come in this turn, by what the commands have in common. */
  readonly #batches = new Map<string, { readonly target: ScriptTarget; commands: Waiting[] }>();

  constructor(send: SendScript) {
    this.#send = send;
  }

  /** Sends a command at the end of this turn, after those that came before it. */
  run(target: ScriptTarget, command: ScriptCommand): Promise<FleetReply> {
    return new Promise((answer, fail) => {
      const id = `${target.key}\n${target.head[0]}`;
      const waiting: Waiting = { ...command, answer, fail };
      const batch = this.#batches.get(id);
      if (batch !== undefined) {
        batch.commands.push(waiting);
        if (batch.commands.length === MAX_COMMANDS) this.#flush(id);
        return;
      }
      this.#batches.set(id, { target, commands: [waiting] });
      // A promise reaction and not a turn: whoever waits for an answer must not wait any longer.
      queueMicrotask(() => this.#flush(id));
    });
  }

  #flush(id: string): void {
    const batch = this.#batches.get(id);
    if (batch === undefined) return;
    this.#batches.delete(id);
    void this.#run(batch.target, batch.commands);
  }

  /** Never rejects. */
  async #run(target: ScriptTarget, commands: readonly Waiting[]): Promise<void> {
    try {
      const replies = await this.#send(
        target,
        commands.flatMap(({ parts }) => parts),
      );
      for (const [index, { read, answer, fail }] of commands.entries()) {
        try {
          answer(read(replies[index]));
        } catch (error) {
          fail(error);
        }
      }
    } catch (error) {
      for (const { fail } of commands) fail(error);
    }
  }
}
