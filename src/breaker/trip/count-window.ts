/** A window of the most recent calls, regardless of their age. */

import type { CallWindow, WindowTotals } from "./failure-rate.js";

const FAILED = 1;
const SLOW = 2;

/** A ring with one byte for each call, and running totals. */
export class CountWindow implements CallWindow {
  readonly #ring: Uint8Array;
  readonly #totals: WindowTotals = { calls: 0, failures: 0, slowCalls: 0 };
  #next = 0;

  constructor(calls: number) {
    this.#ring = new Uint8Array(calls);
  }

  get needsTime(): boolean {
    return false;
  }

  add(_nowMs: number, failed: boolean, slow: boolean): Readonly<WindowTotals> {
    const totals = this.#totals;
    if (totals.calls < this.#ring.length) {
      totals.calls += 1;
    } else {
      const oldest = this.#ring[this.#next] as number;
      totals.failures -= oldest & FAILED;
      totals.slowCalls -= (oldest & SLOW) >> 1;
    }
    if (failed) totals.failures += 1;
    if (slow) totals.slowCalls += 1;
    this.#ring[this.#next] = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    this.#next = this.#next + 1 === this.#ring.length ? 0 : this.#next + 1;
    return totals;
  }

  totals(): Readonly<WindowTotals> {
    return { ...this.#totals };
  }
}
