/** The three public states of a circuit. */

/**
 * The state of a circuit: `closed` (calls pass), `open` (calls are rejected) or `half-open` (a few
 * calls probe whether the upstream has recovered).
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
