/**
 * Sends commands to a server in order. Only one request is in flight at a time. The next request
 * contains all commands that came in the meantime.
 */

import { plain } from "../foreign-text.js";
import { isReply } from "../reply-shape.js";
import type { FleetCommand } from "../rules/command.js";
import type { FleetReply } from "../rules/reply.js";
import type { FleetKey } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import type { HttpClient } from "./http-client.js";
import { type KeyedCommand, MAX_BODY_BYTES, MAX_COMMANDS, PATHS } from "./protocol.js";

/** The maximum number of waiting commands. */
const MAX_WAITING = 10_000;

interface Waiting {
  readonly text: string;
  /**
   * Number of calls in an admit command, 0 for other commands. A reply must not admit more calls
   * than this number.
   */
  readonly count: number;
  readonly sinceMs: number;
  answer(reply: FleetReply): void;
  fail(error: FleetStoreError): void;
}

/** The queue of commands from this process to one server. Never sends a command twice. */
export class CommandQueue {
  readonly #client: HttpClient;
  readonly #timeoutMs: number;
  #waiting: Waiting[] = [];
  #sending: Promise<void> | undefined;

  /**
   * @param timeoutMs Maximum waiting time of a command. A command that has waited longer is not
   * sent, because its caller has given up.
   */
  constructor(client: HttpClient, timeoutMs: number) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
  }

  run(key: FleetKey, command: FleetCommand): Promise<FleetReply> {
    const entry: KeyedCommand = { key, command };
    const text = JSON.stringify(entry);
    return new Promise((answer, fail) => {
      if (this.#waiting.length >= MAX_WAITING) {
        fail(new FleetStoreError(`${MAX_WAITING} commands already wait for ${this.#client.name}`));
        return;
      }
      const count = command.kind === "admit" ? command.count : 0;
      this.#waiting.push({ text, count, sinceMs: performance.now(), answer, fail });
      this.#sending ??= this.#send();
    });
  }

  /** Resolves when all requests are finished. */
  async idle(): Promise<void> {
    await this.#sending;
  }

  /** Sends requests until no command is waiting. Never rejects. */
  async #send(): Promise<void> {
    // Waits for the end of this turn of the event loop, so that later commands of the turn join
    // the same request.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      if (batch.length > 0) await this.#post(batch);
    }
    this.#sending = undefined;
  }

  /**
   * Takes as many waiting commands as fit into one request. Rejects commands that have waited
   * longer than the timeout.
   */
  #take(): readonly Waiting[] {
    const batch: Waiting[] = [];
    const nowMs = performance.now();
    let bytes = 2;
    let taken = 0;
    for (const waiting of this.#waiting) {
      const isLate = nowMs - waiting.sinceMs > this.#timeoutMs;
      const length = Buffer.byteLength(waiting.text) + 1;
      if (!isLate && batch.length > 0 && bytes + length > MAX_BODY_BYTES) break;
      taken += 1;
      if (isLate)
        waiting.fail(
          this.#error(`was not ready for the next command within ${this.#timeoutMs} ms`),
        );
      else {
        bytes += length;
        batch.push(waiting);
      }
      if (batch.length === MAX_COMMANDS) break;
    }
    this.#waiting = this.#waiting.slice(taken);
    return batch;
  }

  async #post(batch: readonly Waiting[]): Promise<void> {
    try {
      const body = `[${batch.map(({ text }) => text).join(",")}]`;
      const answers = await this.#client.ask(PATHS.commands, body);
      if (!Array.isArray(answers) || answers.length !== batch.length) {
        throw this.#error("gave an invalid reply");
      }
      for (const [index, waiting] of batch.entries()) this.#answer(waiting, answers[index]);
    } catch (error) {
      const told = error instanceof FleetStoreError ? error : this.#error("failed", error);
      for (const { fail } of batch) fail(told);
    }
  }

  #answer({ count, answer, fail }: Waiting, given: unknown): void {
    const { reply, error } = (given ?? {}) as { reply?: unknown; error?: unknown };
    if (isReply(reply, count)) answer(reply);
    else if (typeof error === "string") fail(this.#error(`refused a command: ${plain(error)}`));
    else fail(this.#error("gave an invalid reply"));
  }

  #error(what: string, cause?: unknown): FleetStoreError {
    return new FleetStoreError(`${this.#client.name} ${what}`, cause);
  }
}
