/** The two ports for time and chance, so that tests can control both. */

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
  /** Milliseconds since a fixed moment, with fractions if the source has them. */
  now(): number;
  /**
   * Calls `callback` once, after `delayMs`, and returns a function that cancels it. Retries,
   * timeouts and waiting use it; breakers do not. Default: the timers of the process.
   */
  setTimer?(callback: () => void, delayMs: number): () => void;
}

/**
 * Starts a timer of `clock`, or of the process if the clock has no timers. It keeps the process
 * alive.
 */
export function startTimer(clock: Clock, callback: () => void, delayMs: number): () => void {
  if (clock.setTimer !== undefined) return clock.setTimer(callback, delayMs);
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** A source of random numbers from 0 (inclusive) to 1 (exclusive), such as `Math.random`. */
export type Random = () => number;

/**
 * Kept since this module loaded, because reading the global costs a fifth of `performance.now()`.
 */
const { performance: loaded } = globalThis;
const LoadedDate = Date;

/**
 * The monotonic clock of this process: setting the system time does not affect it. If a test has
 * replaced `Date` to fake time, `now` reads the current global `performance`, which is then fake
 * too.
 */
export const systemClock: Clock = {
  now: () => (Date === LoadedDate ? loaded.now() : performance.now()),
};
