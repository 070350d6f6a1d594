/** The three states of a circuit, as everybody who reads a breaker sees them. */

/**
 * What a circuit is in: `closed` (calls pass), `open` (calls are rejected) or `half-open` (a few
 * calls probe whether the upstream is back).
 *
 * @see https://martinfowler.com/bliki/CircuitBreaker.html
 */
export const CircuitState = {
  Closed: "closed",
  Open: "open",
  HalfOpen: "half-open",
} as const;

/** One of the values of {@link CircuitState}. */
export type CircuitState = (typeof CircuitState)[keyof typeof CircuitState];
