/** Opens after so many bad seconds in a row, so that one burst of failures is one bad second. */

import type { TripPolicy, TripSnapshot } from "./trip-policy.js";

const SECOND_MS = 1000;

/**
 * A second begins with its first outcome and is bad when more failed than succeeded. It is judged
 * when the next admission or outcome comes after its end; a second that was not bad ends the row,
 * and bad seconds older than the window leave it.
 */
export class BadSecondsTrip implements TripPolicy {
  readonly #needed: number;
  readonly #windowMs: number;
  /** When the bad seconds of the row began, oldest first; never more than needed. */
  #row: number[] = [];
  /** When the running second began; NaN before the first outcome. */
  #startedMs = Number.NaN;
  #balance = 0;

  constructor(badSeconds: number, windowMs: number) {
    this.#needed = badSeconds;
    this.#windowMs = windowMs;
  }

  get needsTime(): boolean {
    return true;
  }

  get judgesAtAdmission(): boolean {
    return true;
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

  /** A failure weighs 1 and a success -1, so a second is bad when its balance is above 0. */
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

  /** The row as it stands at `nowMs`, with the running second once it is over. */
  #rowAt(nowMs: number): number[] {
    let row = this.#row;
    if (this.#isOver(nowMs)) row = this.#balance > 0 ? [...row, this.#startedMs] : [];
    return row.filter((startedMs) => nowMs - startedMs <= this.#windowMs).slice(-this.#needed);
  }
}
