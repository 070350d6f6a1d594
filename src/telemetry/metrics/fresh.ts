/** Reuses a result for a second, so that many readers cost no more than one. */

import { type Clock, systemClock } from "../../breaker/clock.js";

const FRESH_MS = 1000;

/** The result of a function, which runs at most once a second. */
export class Fresh<T> {
  readonly #make: () => Promise<T>;
  readonly #clock: Clock;
  #made: { readonly result: Promise<T>; readonly atMs: number } | undefined;

  constructor(make: () => Promise<T>, clock: Clock = systemClock) {
    this.#make = make;
    this.#clock = clock;
  }

  /** Returns the last result, even a rejected one. Runs the function again when that result is a second old. */
  get(): Promise<T> {
    const nowMs = this.#clock.now();
    if (this.#made === undefined || nowMs - this.#made.atMs >= FRESH_MS) {
      this.#made = { result: this.#make(), atMs: nowMs };
    }
    return this.#made.result;
  }
}
