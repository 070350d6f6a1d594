/** Adds up how long a process waits without a reply. */

import { systemClock } from "../../../breaker/clock.js";

/** The waiting time since the last reply. Questions wait in parallel, and no moment counts twice. */
export class LostTime {
  #lostMs = 0;
  #countedUntilMs = Number.NEGATIVE_INFINITY;

  /** The time in milliseconds. */
  get ms(): number {
    return this.#lostMs;
  }

  /** Adds the time from `askedMs` until now, without a reply. */
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
