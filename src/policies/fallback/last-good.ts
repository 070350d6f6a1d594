/** Remembers the last good value of an operation until the value is too old. */

import { type Clock, systemClock } from "../../breaker/clock.js";
import {
  checkNumber,
  numberField,
  objectField,
  readOptions,
  SOME_MILLISECONDS,
} from "../../options/check.js";

/** Options of `lastGood`. */
export interface LastGoodOptions {
  /** How long a value may be reused, in milliseconds; above 0. */
  readonly maxAgeMs: number;
  /** The source of time. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
}

/** A memory of one value, for use as a fallback. */
export interface LastGood<T> {
  /** Stores `value` with the current time, and replaces the stored value. */
  remember(value: T): void;
  /** Returns the stored value. Undefined if there is no value, or if the value is too old. */
  recall(): { readonly value: T } | undefined;
}

const BRAND = Symbol.for("dagger-circuit-breaker.last-good");

const FIELDS = {
  maxAgeMs: numberField(undefined, SOME_MILLISECONDS),
  clock: objectField<Clock>(systemClock, ["now"]),
};

/**
 * Creates an empty memory for `withFallback`. The memory stores each value of the operation. If the
 * operation fails, the last value is the answer, unless it is older than `maxAgeMs`.
 *
 * Create one memory for each operation and keep it. A memory that is created for a single call never has a
 * value. Two operations with one memory would get each other's values. A memory rejects ids and objects of
 * a Dagger session, such as the result of `sync`. It also rejects operations that publish or export: see
 * {@link LastGoodRefusedError}.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
 *
 * @example
 * ```ts
 * import { lastGood, withFallback } from "dagger-circuit-breaker";
 *
 * const prices = lastGood<number>({ maxAgeMs: 60_000 });
 * await withFallback(async () => 42, prices);
 * const price = await withFallback(async () => {
 *   throw new Error("down");
 * }, prices);
 * console.assert(price === 42);
 * ```
 */
export function lastGood<T>(options: LastGoodOptions): LastGood<T> {
  const {
    clock,
    maxAgeMs = checkNumber(undefined, 'lastGood option "maxAgeMs"', SOME_MILLISECONDS),
  } = readOptions("lastGood", options, FIELDS);
  return new Memory<T>(maxAgeMs, clock);
}

/** Returns whether `fallback` is a memory from `lastGood` of this or another copy of the package. */
export function isLastGood(fallback: unknown): fallback is LastGood<unknown> {
  return typeof fallback === "object" && fallback !== null && BRAND in fallback;
}

class Memory<T> implements LastGood<T> {
  readonly #maxAgeMs: number;
  readonly #clock: Clock;
  #kept: { readonly value: T; readonly sinceMs: number } | undefined = undefined;

  constructor(maxAgeMs: number, clock: Clock) {
    this.#maxAgeMs = maxAgeMs;
    this.#clock = clock;
  }

  remember(value: T): void {
    this.#kept = { value, sinceMs: this.#clock.now() };
  }

  recall(): { readonly value: T } | undefined {
    if (this.#kept === undefined) return undefined;
    // Release a value that is too old, to free its memory.
    if (this.#clock.now() - this.#kept.sinceMs > this.#maxAgeMs) this.#kept = undefined;
    return this.#kept;
  }

  static {
    Object.defineProperty(Memory.prototype, BRAND, { value: true });
  }
}
