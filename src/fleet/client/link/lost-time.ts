/** Adds up how long a process waits without a reply. */

import { systemClock } from "../../../breaker/clock.js";

/**
 * The time spent waiting since the last reply. Commands wait in parallel, so overlapping waits
 * count once.
 */
export class LostTime {
  #lostMs = 0;
  #countedUntilMs = Number.NEGATIVE_INFINITY;

  /** The time in milliseconds. */
  get ms(): number {
    return this.#lostMs;
  }

  /** Adds the time from `askedMs` until now, in which no reply arrived. */
  add(askedMs: number): void {
    const nowMs = systemClock.now();
    this.#lostMs += Math.max(0, nowMs - Math.max(askedMs, this.#countedUntilMs));
    this.#countedUntilMs = nowMs;
  }

  /** Resets the time after a reply. */
  forget(): void {
    this.#lostMs = 0;
  }
}
