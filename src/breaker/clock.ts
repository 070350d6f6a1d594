/** The two ports through which time and chance reach the library, so that tests can own both. */

/**
 * A source of monotonic time: it never goes back and knows no date.
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
  /** Milliseconds since some fixed moment, with fractions where the source has them. */
  now(): number;
  /**
   * Calls `callback` once, `delayMs` from now, and returns how to cancel it. Retries, timeouts and
   * waiting use it; breakers do not. Default: the timers of the process.
   */
  setTimer?(callback: () => void, delayMs: number): () => void;
}

/** Starts a timer of `clock`, or of the process where the clock has none. It holds the process. */
export function startTimer(clock: Clock, callback: () => void, delayMs: number): () => void {
  if (clock.setTimer !== undefined) return clock.setTimer(callback, delayMs);
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** A source of chance: a number from 0 (inclusive) to 1 (exclusive), as `Math.random` gives it. */
export type Random = () => number;

/** As found when this was loaded: each look at the global costs a fifth of a look at the clock. */
const { performance: loaded } = globalThis;
const LoadedDate = Date;

/**
 * The clock of this process; it goes on counting when the wall clock is set. Tests that fake the time
 * of a process replace `Date` as well, and then its present clock is asked.
 */
export const systemClock: Clock = {
  now: () => (Date === LoadedDate ? loaded.now() : performance.now()),
};
