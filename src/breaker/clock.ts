/** The ports for time and random numbers, so that tests can control both. */

/**
 * A source of monotonic time. The time never goes back and is not related to a date.
 *
 * @example
 * ```ts
 * import { CircuitBreaker } from "dagger-circuit-breaker";
 * import { VirtualClock } from "dagger-circuit-breaker/testing";
 *
 * const clock = new VirtualClock();
 * const breaker = new CircuitBreaker({ name: "api", clock });
 * clock.advance(60_000);
 * ```
 */
export interface Clock {
  /** Returns milliseconds since a fixed moment, with fractions if the source has them. */
  now(): number;
  /**
   * Calls `callback` once, after `delayMs`, and returns a function that cancels the timer. Retries,
   * timeouts and waits use this method; breakers do not. Default: the timers of the process.
   */
  setTimer?(callback: () => void, delayMs: number): () => void;
}

/**
 * Starts a timer of `clock`, or of the process if `clock` has no timers. Returns a function that
 * cancels the timer. A timer of the process keeps the process alive.
 */
export function startTimer(clock: Clock, callback: () => void, delayMs: number): () => void {
  if (clock.setTimer !== undefined) return clock.setTimer(callback, delayMs);
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** A source of random numbers from 0 (inclusive) to 1 (exclusive), such as `Math.random`. */
export type Random = () => number;

/**
 * The globals at the time when this module was loaded. Reading the global `performance` for each call
 * would make `performance.now()` a fifth slower.
 */
const { performance: loaded } = globalThis;
const LoadedDate = Date;

/**
 * The monotonic clock of this process. Setting the system time does not affect this clock.
 *
 * A test that fakes time replaces `Date` and the global `performance`. If `Date` was replaced,
 * `now` reads the current `performance`.
 */
export const systemClock: Clock = {
  now: () => (Date === LoadedDate ? loaded.now() : performance.now()),
};
