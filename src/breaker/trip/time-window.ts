/** A window of a fixed time before now, divided into ten buckets. */

import type { CallWindow, WindowTotals } from "./failure-rate.js";

const BUCKETS = 10;

/**
 * A ring of ten buckets with running totals. A call belongs to the bucket in which it settles, so
 * the window moves in steps of a tenth of its length.
 */
export class TimeWindow implements CallWindow {
  readonly #bucketMs: number;
  readonly #buckets: WindowTotals[] = Array.from({ length: BUCKETS }, () => emptyTotals());
  readonly #totals = emptyTotals();
  /** The number of the newest bucket, counted from time zero of the clock. */
  #newest = Number.NEGATIVE_INFINITY;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / BUCKETS;
  }

  get needsTime(): boolean {
    return true;
  }

  add(nowMs: number, failed: boolean, slow: boolean): Readonly<WindowTotals> {
    const number = Math.floor(nowMs / this.#bucketMs);
    this.#forgetUpTo(number);
    const bucket = this.#buckets[place(number)] as WindowTotals;
    count(bucket, failed, slow);
    count(this.#totals, failed, slow);
    return this.#totals;
  }

  totals(nowMs: number): Readonly<WindowTotals> {
    const number = Math.floor(nowMs / this.#bucketMs);
    const left = { ...this.#totals };
    for (const old of this.#outdated(number)) subtract(left, this.#buckets[old] as WindowTotals);
    return left;
  }

  #forgetUpTo(number: number): void {
    if (number === this.#newest) return;
    for (const old of this.#outdated(number)) {
      const bucket = this.#buckets[old] as WindowTotals;
      subtract(this.#totals, bucket);
      bucket.calls = bucket.failures = bucket.slowCalls = 0;
    }
    this.#newest = number;
  }

  /**
   * Returns the slots of the buckets that must be emptied if the bucket with this number becomes
   * the newest.
   */
  #outdated(number: number): number[] {
    const steps = Math.min(number - this.#newest, BUCKETS);
    return Array.from({ length: steps }, (_, step) => place(number - step));
  }
}

/** Returns the slot of a bucket in the ring. Works for clocks with negative times too. */
function place(number: number): number {
  return ((number % BUCKETS) + BUCKETS) % BUCKETS;
}

function emptyTotals(): WindowTotals {
  return { calls: 0, failures: 0, slowCalls: 0 };
}

function count(totals: WindowTotals, failed: boolean, slow: boolean): void {
  totals.calls += 1;
  if (failed) totals.failures += 1;
  if (slow) totals.slowCalls += 1;
}

function subtract(totals: WindowTotals, bucket: Readonly<WindowTotals>): void {
  totals.calls -= bucket.calls;
  totals.failures -= bucket.failures;
  totals.slowCalls -= bucket.slowCalls;
}
