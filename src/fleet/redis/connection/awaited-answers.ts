/** The answers that one link waits for: two timers for all of them, since each costs as much as an answer. */

import { FleetStoreError } from "../../store-error.js";

interface Awaited {
  readonly sinceMs: number;
  readonly giveUp: (error: FleetStoreError) => void;
}

/** Bounds each wait, and for how long waiting alone keeps a process alive. */
export class AwaitedAnswers {
  readonly #limitMs: number;
  /** The oldest first. */
  readonly #awaited = new Set<Awaited>();
  /** Keeps the process alive while it runs and an answer is awaited. */
  readonly #hold: NodeJS.Timeout;
  #late: NodeJS.Timeout | undefined;

  /**
   * @param holdMs For so long after a question the process waits for answers.
   * @param limitMs An answer that takes longer is given up.
   */
  constructor(holdMs: number, limitMs: number) {
    this.#limitMs = limitMs;
    this.#hold = setTimeout(() => undefined, holdMs).unref();
  }

  /**
   * Passes on what `answer` comes to.
   *
   * @throws FleetStoreError (as a rejection) when it takes too long.
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

  /** Bounds nothing any more: what is awaited ends with its connection. */
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

  /** Gives up what is late, and looks again when the oldest of the others may be. */
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
