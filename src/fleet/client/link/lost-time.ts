/** Adds up the time that a process waits for a store without getting a reply. */

import { systemClock } from "../../../breaker/clock.js";

/**
 * The time that was spent waiting since the last reply. Commands wait in parallel, so overlapping
 * waits count only once.
 */
export class LostTime {
  #lostMs = 0;
  #countedUntilMs = Number.NEGATIVE_INFINITY;

  /** The total in milliseconds. */
  get ms(): number {
    return this.#lostMs;
  }

  /** Adds the time from `askedMs` until now, a wait that brought no reply. */
  add(askedMs: number): void {
    const nowMs = systemClock.now();
    this.#lostMs += Math.max(0, nowMs - Math.max(askedMs, this.#countedUntilMs));
    this.#countedUntilMs = nowMs;
  }

  /** Resets the total to 0 after a reply. */
  forget(): void {
    this.#lostMs = 0;
  }
}
