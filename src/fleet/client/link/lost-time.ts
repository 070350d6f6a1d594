/** Adds up for how long a process waits in vain. */

import { systemClock } from "../../../breaker/clock.js";

/** The time that was lost since the last answer. Questions wait side by side: no moment counts twice. */
export class LostTime {
  #lostMs = 0;
  #countedUntilMs = Number.NEGATIVE_INFINITY;

  /** How much it is, in milliseconds. */
  get ms(): number {
    return this.#lostMs;
  }

  /** A question that was asked then has had no answer until now. */
  add(askedMs: number): void {
    const nowMs = systemClock.now();
    this.#lostMs += Math.max(0, nowMs - Math.max(askedMs, this.#countedUntilMs));
    this.#countedUntilMs = nowMs;
  }

  /** An answer came. */
  forget(): void {
    this.#lostMs = 0;
  }
}
