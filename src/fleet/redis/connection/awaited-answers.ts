/**
 * Limits the waits for Redis replies. All waits of a link share two timers, because a timer for
 * each wait would cost as much as the reply itself.
 */

import { FleetStoreError } from "../../store-error.js";

interface Awaited {
  readonly sinceMs: number;
  readonly giveUp: (error: FleetStoreError) => void;
}

/**
 * The replies that one link waits for. Each wait has a limit. A shorter limit applies to the time
 * for which waiting keeps the process alive.
 */
export class AwaitedAnswers {
  readonly #limitMs: number;
  /** The awaited replies, oldest first. */
  readonly #awaited = new Set<Awaited>();
  /** A timer that keeps the process alive as long as it runs and a reply is awaited. */
  readonly #hold: NodeJS.Timeout;
  #late: NodeJS.Timeout | undefined;

  /**
   * @param holdMs Milliseconds for which an awaited reply keeps the process alive, counted from the
   * last command.
   * @param limitMs Maximum wait for a reply in milliseconds.
   */
  constructor(holdMs: number, limitMs: number) {
    this.#limitMs = limitMs;
    this.#hold = setTimeout(() => undefined, holdMs).unref();
  }

  /**
   * Returns the result of `answer`, if it settles within the limit.
   *
   * @throws FleetStoreError (as a rejection) if `answer` takes too long.
   */
  take<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const awaited: Awaited = { sinceMs: performance.now(), giveUp: reject };
      this.#begin(awaited);
      answer.then(
        (value) => {
          this.#end(awaited);
          resolve(value);
        },
        (error) => {
          this.#end(awaited);
          reject(error);
        },
      );
    });
  }

  /** Stops the timers. Replies that are still awaited fail when the connection closes. */
  close(): void {
    clearTimeout(this.#hold);
    clearTimeout(this.#late);
    this.#late = undefined;
  }

  #begin(awaited: Awaited): void {
    this.#awaited.add(awaited);
    this.#hold.refresh().ref();
    if (this.#late === undefined) this.#watch(this.#limitMs);
  }

  #end(awaited: Awaited): void {
    if (this.#awaited.delete(awaited) && this.#awaited.size === 0) this.#hold.unref();
  }

  #watch(forMs: number): void {
    this.#late = setTimeout(() => this.#giveUp(), forMs).unref();
  }

  /** Rejects the waits that are over the limit. Then schedules the next check. */
  #giveUp(): void {
    this.#late = undefined;
    const nowMs = performance.now();
    for (const awaited of this.#awaited) {
      const leftMs = awaited.sinceMs + this.#limitMs - nowMs;
      if (leftMs > 0) {
        this.#watch(Math.ceil(leftMs));
        return;
      }
      this.#end(awaited);
      awaited.giveUp(new FleetStoreError(`the store took longer than ${this.#limitMs} ms`));
    }
  }
}
