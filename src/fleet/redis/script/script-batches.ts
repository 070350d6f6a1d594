/**
 * Batches commands on one circuit into one call of the script, if they belong to the same turn of
 * the event loop.
 */

import type { FleetReply } from "../../rules/reply.js";
import { garbledError } from "../failure.js";
import { readAnswers } from "./answers.js";

/**
 * The maximum number of commands in one script call. A long script blocks the server for all
 * clients.
 */
const MAX_COMMANDS = 32;

/** The parts that all commands of one script call share. */
export interface ScriptTarget {
  /** Commands with the same id may share one script call. */
  readonly id: string;
  /** The key of the circuit in Redis. */
  readonly key: string;
  /** The arguments before the commands: time, channel and name. */
  readonly head: readonly string[];
}

/**
 * Calls the script with arguments that begin with the number of keys. Resolves to one reply for
 * each command, in order.
 */
type SendScript = (target: ScriptTarget, rest: readonly string[]) => Promise<readonly unknown[]>;

interface Waiting {
  readonly parts: readonly string[];
  /** Number of calls in an admit command; 0 for other commands. */
  readonly count: number;
  answer(reply: FleetReply): void;
  fail(error: unknown): void;
}

/**
 * Collects the commands of one store. An outcome and the admission of the next call then need only
 * one round trip.
 */
export class ScriptBatches {
  readonly #send: SendScript;
  /** The commands of this turn, by the id of their target. */
  readonly #batches = new Map<string, Waiting[]>();

  constructor(send: SendScript) {
    this.#send = send;
  }

  /**
   * Sends a command at the end of this tick, after earlier commands for the same target.
   *
   * @param count Number of calls in an admit command; 0 for other commands.
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
      // Sends in a microtask, because waiting for the end of the turn would delay the caller.
      queueMicrotask(() => this.#flush(target));
    });
  }

  #flush(target: ScriptTarget): void {
    const batch = this.#batches.get(target.id);
    if (batch === undefined) return;
    this.#batches.delete(target.id);
    void this.#run(target, batch);
  }

  /** Sends a batch, and answers its commands. Never rejects. */
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
