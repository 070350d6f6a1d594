/** Remembers the last good value of an operation for as long as it may still be used. */

import { type Clock, systemClock } from "../../breaker/clock.js";
import {
  checkNumber,
  numberField,
  objectField,
  readOptions,
  SOME_MILLISECONDS,
} from "../../options/check.js";

/** What `lastGood` can be told. */
export interface LastGoodOptions {
  /** Milliseconds for which a value may be used again; above 0. */
  readonly maxAgeMs: number;
  /** Where time comes from. Default: the monotonic clock of the process. */
  readonly clock?: Clock | undefined;
}

/** A memory of one value, to be given to `withFallback`. */
export interface LastGood<T> {
  /** Remembers `value`, now, instead of the one before. */
  remember(value: T): void;
  /** The value remembered, if there is one and it is not too old. */
  recall(): { readonly value: T } | undefined;
}

const BRAND = Symbol.for("dagger-circuit-breaker.last-good");

const FIELDS = {
  maxAgeMs: numberField(undefined, SOME_MILLISECONDS),
  clock: objectField<Clock>(systemClock, ["now"]),
};

/**
 * Makes an empty memory for `withFallback`: values of the operation are remembered, and the last of
 * them stands in when the operation fails, unless it is older than `maxAgeMs`. Make one for each
 * operation and keep it: what was made for this call alone has nothing to remember yet, and what two
 * operations share would answer one with the value of the other. It refuses what belongs to one
 * session of Dagger, ids and objects as `sync` gives them, and what publishes or exports: see
 * {@link LastGoodRefusedError}.
 *
 * @throws TypeError or RangeError naming the option, its value and what was expected.
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

/** Whether `fallback` is a memory made by `lastGood` of this or of another copy of the package. */
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
    // A value that is too old is let go, so that it does not hold memory for nothing.
    if (this.#clock.now() - this.#kept.sinceMs > this.#maxAgeMs) this.#kept = undefined;
    return this.#kept;
  }

  static {
    Object.defineProperty(Memory.prototype, BRAND, { value: true });
  }
}
