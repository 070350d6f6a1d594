/** Remembers the last good value of an operation while it may still be used. */

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
  /** Milliseconds for which a value may be reused; above 0. */
  readonly maxAgeMs: number;
  /** The source of time. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
}

/** A memory of one value for `withFallback`. */
export interface LastGood<T> {
  /** Stores `value` with the current time, in place of the one before. */
  remember(value: T): void;
  /** Returns the stored value; undefined without one, or when it is too old. */
  recall(): { readonly value: T } | undefined;
}

const BRAND = Symbol.for("dagger-circuit-breaker.last-good");

const FIELDS = {
  maxAgeMs: numberField(undefined, SOME_MILLISECONDS),
  clock: objectField<Clock>(systemClock, ["now"]),
};

/**
 * Creates an empty memory for `withFallback`. It stores the operation's values, and the last one
 * answers when the operation fails, unless it is older than `maxAgeMs`.
 *
 * Create one memory for each operation and keep it. A memory made for one call has no value yet,
 * and two operations that share one would get each other's values. It rejects ids and objects of
 * one Dagger session (such as the result of `sync`), and operations that publish or export: see
 * {@link LastGoodRefusedError}.
 *
 * @throws TypeError or RangeError that names the option, its value and the expected value.
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
    // Drops a value that is too old, so that it does not occupy memory.
    if (this.#clock.now() - this.#kept.sinceMs > this.#maxAgeMs) this.#kept = undefined;
    return this.#kept;
  }

  static {
    Object.defineProperty(Memory.prototype, BRAND, { value: true });
  }
}
