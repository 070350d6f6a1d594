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
