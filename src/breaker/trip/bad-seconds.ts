/** Opens after consecutive bad seconds, so that one burst of failures counts as one bad second. */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

const SECOND_MS = 1000;

/**
 * A second begins with its first outcome and is bad when more calls failed than succeeded. It is
 * judged at the first admission or outcome after its end. A good second empties the row of bad
 * seconds, and bad seconds older than `windowMs` leave the row.
 */
export class BadSecondsTrip implements TripPolicy {
  declare readonly needsTime: boolean;
  declare readonly judgesAtAdmission: boolean;
  declare readonly countsSuccesses: boolean;
  readonly #needed: number;
  readonly #windowMs: number;
  /**
   * The start times of the bad seconds in the row, oldest first; at most as many as open the
   * circuit.
   */
  #row: number[] = [];
  /** The start time of the current second; NaN before the first outcome. */
  #startedMs = Number.NaN;
  #balance = 0;

  constructor(badSeconds: number, windowMs: number) {
    this.#needed = badSeconds;
    this.#windowMs = windowMs;
  }

  static {
    // Set on the prototype: a field would take memory in each breaker, and a getter would cost a
    // call at each read.
    Object.assign(BadSecondsTrip.prototype, {
      needsTime: true,
      judgesAtAdmission: true,
      countsSuccesses: true,
    });
  }

  success(nowMs: number): boolean {
    return this.#count(nowMs, -1);
  }

  failure(nowMs: number): boolean {
    return this.#count(nowMs, 1);
  }

  isDue(nowMs: number): boolean {
    return this.#isOver(nowMs) && this.#rowAt(nowMs).length >= this.#needed;
  }

  snapshot(nowMs: number): TripSnapshot {
    return { policy: "badSeconds", badSeconds: this.#rowAt(nowMs).length };
  }

  /** Adds 1 for a failure and -1 for a success, so a second is bad when its balance is above 0. */
  #count(nowMs: number, weight: 1 | -1): boolean {
    if (this.#startedMs + SECOND_MS > nowMs) {
      this.#balance += weight;
      return false;
    }
    this.#row = this.#rowAt(nowMs);
    this.#startedMs = nowMs;
    this.#balance = weight;
    return this.#row.length >= this.#needed;
  }

  #isOver(nowMs: number): boolean {
    return nowMs >= this.#startedMs + SECOND_MS;
  }

  /** Returns the row at `nowMs`, including the current second once it is over. */
  #rowAt(nowMs: number): number[] {
    let row = this.#row;
    if (this.#isOver(nowMs)) row = this.#balance > 0 ? [...row, this.#startedMs] : [];
    return row.filter((startedMs) => nowMs - startedMs <= this.#windowMs).slice(-this.#needed);
  }
}
