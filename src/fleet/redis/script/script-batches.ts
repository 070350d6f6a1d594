/** Gathers the commands that one turn of the event loop brings for one circuit: they go as one script. */

import type { FleetReply } from "../../rules/reply.js";
import { garbledError } from "../failure.js";
import { readAnswers } from "./answers.js";

/** Longer scripts would hold up the server for all others. */
const MAX_COMMANDS = 32;

/** What all commands of one script have in common. */
export interface ScriptTarget {
  /** What commands that may go together have the same. */
  readonly id: string;
  /** The key of the circuit in Redis. */
  readonly key: string;
  /** The arguments that come before the commands: the time, the channel and the name. */
  readonly head: readonly string[];
}

/**
 * Sends the arguments of a script, from the number of its keys on. Resolves to one answer for each of its
 * commands, in their order.
 */
type SendScript = (target: ScriptTarget, rest: readonly string[]) => Promise<readonly unknown[]>;

interface Waiting {
  readonly parts: readonly string[];
  /** How many calls it asks for. */
  readonly count: number;
  answer(reply: FleetReply): void;
  fail(error: unknown): void;
}

/** The commands of one store. An outcome and the admission of the next call cost one round trip. */
export class ScriptBatches {
  readonly #send: SendScript;
  /** What has come in this turn, by target. */
  readonly #batches = new Map<string, Waiting[]>();

  constructor(send: SendScript) {
    this.#send = send;
  }

  /**
   * Sends a command at the end of this turn, after those that came before it for the same target.
   *
   * @param count How many calls it asks for.
   */
  run(target: ScriptTarget, parts: readonly string[], count: number): Promise<FleetReply> {
    return new Promise((answer, fail) => {
      const waiting: Waiting = { parts, count, answer, fail };
      const batch = this.#batches.get(target.id);
      if (batch !== undefined) {
        batch.push(waiting);
        if (batch.length === MAX_COMMANDS) this.#flush(target);
        return;
      }
      this.#batches.set(target.id, [waiting]);
      // A promise reaction and not a turn: whoever waits for an answer must not wait any longer.
      queueMicrotask(() => this.#flush(target));
    });
  }

  #flush(target: ScriptTarget): void {
    const batch = this.#batches.get(target.id);
    if (batch === undefined) return;
    this.#batches.delete(target.id);
    void this.#run(target, batch);
  }

  /** Never rejects. */
  async #run(target: ScriptTarget, commands: readonly Waiting[]): Promise<void> {
    try {
      const rest = ["1", target.key, ...target.head];
      for (const { parts } of commands) rest.push(...parts);
      const replies = readAnswers(await this.#send(target, rest), commands);
      for (const [index, { answer, fail }] of commands.entries()) {
        const reply = replies[index];
        if (reply !== undefined) answer(reply);
        else fail(garbledError(target.key, "a field"));
      }
    } catch (error) {
      for (const { fail } of commands) fail(error);
    }
  }
}
