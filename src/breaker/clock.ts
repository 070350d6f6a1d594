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

/** The clock of this process; it goes on counting when the wall clock is set. */
export const systemClock: Clock = { now: () => performance.now() };
