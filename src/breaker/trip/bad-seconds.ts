/**
 * A trip policy that opens the circuit after consecutive bad seconds. A burst of failures within
 * one second counts only once.
 */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

const SECOND_MS = 1000;

/**
 * A second begins with its first outcome, and is bad if more calls failed than succeeded. A second
 * is judged at the first admission or outcome after its end.
 *
 * The row is the list of consecutive bad seconds. A good second empties the row, and bad seconds
 * older than `windowMs` leave it.
 */
export class BadSecondsTrip implements TripPolicy {
  declare readonly needsTime: boolean;
  declare readonly judgesAtAdmission: boolean;
  declare readonly countsSuccesses: boolean;
  readonly #needed: number;
  readonly #windowMs: number;
  /**
   * The start times of the bad seconds in the row, oldest first. The row is never longer than the
   * number of bad seconds that opens the circuit.
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
    // These values are set on the prototype. A field would take memory in each breaker, and a
    // getter would cost a call at each read.
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

  /**
   * Adds 1 for a failure and -1 for a success, so that a second is bad if its balance is above 0.
   * Returns whether the circuit must open.
   */
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

  /**
   * Returns the row at `nowMs`. If the current second is over, a bad second joins the row, and a
   * good second empties the row.
   */
  #rowAt(nowMs: number): number[] {
    let row = this.#row;
    if (this.#isOver(nowMs)) row = this.#balance > 0 ? [...row, this.#startedMs] : [];
    return row.filter((startedMs) => nowMs - startedMs <= this.#windowMs).slice(-this.#needed);
  }
}
