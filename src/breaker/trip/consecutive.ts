/**
 * The default trip policy: opens the circuit after consecutive failures. It never reads a clock.
 */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

/** Counts consecutive failures. A success resets the count. */
export class ConsecutiveTrip implements TripPolicy {
  declare readonly needsTime: boolean;
  declare readonly judgesAtAdmission: boolean;
  declare readonly countsSuccesses: boolean;
  readonly #threshold: number;
  #streak = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  static {
    // These values are set on the prototype. A field would take memory in each breaker, and a
    // getter would cost a call at each read.
    Object.assign(ConsecutiveTrip.prototype, {
      needsTime: false,
      judgesAtAdmission: false,
      countsSuccesses: false,
    });
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
