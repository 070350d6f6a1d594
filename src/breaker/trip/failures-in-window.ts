/**
 * A trip policy that opens the circuit after a number of failures within a time window. Successes
 * in between do not matter.
 */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

/**
 * Keeps the times of recent failures in a ring. The size of the ring is the number of failures that
 * opens the circuit.
 */
export class FailuresInWindowTrip implements TripPolicy {
  declare readonly needsTime: boolean;
  declare readonly judgesAtAdmission: boolean;
  declare readonly countsSuccesses: boolean;
  readonly #times: Float64Array;
  readonly #windowMs: number;
  /**
   * The slot in the ring for the next failure. Until then, the slot holds the time of the oldest
   * failure.
   */
  #next = 0;

  constructor(failures: number, windowMs: number) {
    this.#times = new Float64Array(failures).fill(Number.NEGATIVE_INFINITY);
    this.#windowMs = windowMs;
  }

  static {
    // These values are set on the prototype. A field would take memory in each breaker, and a
    // getter would cost a call at each read.
    Object.assign(FailuresInWindowTrip.prototype, {
      needsTime: true,
      judgesAtAdmission: false,
      countsSuccesses: false,
    });
  }

  success(): boolean {
    return false;
  }

  failure(nowMs: number): boolean {
    this.#times[this.#next] = nowMs;
    this.#next = (this.#next + 1) % this.#times.length;
    return this.#isInside(this.#times[this.#next] as number, nowMs);
  }

  isDue(): boolean {
    return false;
  }

  snapshot(nowMs: number): TripSnapshot {
    const inside = this.#times.filter((timeMs) => this.#isInside(timeMs, nowMs));
    return { policy: "failures", failures: inside.length };
  }

  #isInside(timeMs: number, nowMs: number): boolean {
    return nowMs - timeMs <= this.#windowMs;
  }
}
