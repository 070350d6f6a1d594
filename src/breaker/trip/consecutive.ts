/** Opens after so many failures in a row; the default, and the only one that never reads a clock. */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

/** A success in between sets the count back to nothing. */
export class ConsecutiveTrip implements TripPolicy {
  readonly #threshold: number;
  #streak = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  get needsTime(): boolean {
    return false;
  }

  get judgesAtAdmission(): boolean {
    return false;
  }

  success(): boolean {
    this.#streak = 0;
    return false;
  }

  failure(): boolean {
    this.#streak += 1;
    return this.#streak >= this.#threshold;
  }

  isDue(): boolean {
    return false;
  }

  snapshot(): TripSnapshot {
    return { policy: "consecutive", consecutiveFailures: this.#streak };
  }
}
