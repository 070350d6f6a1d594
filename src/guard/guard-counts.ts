/** The counts that a guard keeps for each breaker, in addition to the breaker's own counts. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";

/**
 * The end of a request's wait for a circuit. `ended`: a signal, a timeout or too many waiting requests
 * ended the wait.
 */
export type WaitResult = "admitted" | "rejected" | "ended";

/** The counts for one breaker. No count ever decreases. */
export interface GuardCounts {
  /** Requests to a registry that were avoided, because pulls were rejected during its rate limit. */
  avoidedRequests: number;
  /** Images that were requested by a known digest instead of their tag. */
  pinnedImages: number;
  /** Images that were used by the digest in a lock file. */
  lockedImages: number;
  /** Images that were requested from a mirror instead of this registry. */
  mirroredImages: number;
  /** Sessions with the engine that were lost. */
  lostSessions: number;
  /** Requests that waited for the circuit. */
  readonly waits: Record<WaitResult, number>;
  waitMs: number;
}

const counts = new WeakMap<CircuitBreaker, GuardCounts>();

/** Returns the counts for a breaker, or undefined if no guard uses the breaker. */
export function guardCountsOf(breaker: CircuitBreaker): Readonly<GuardCounts> | undefined {
  return counts.get(breaker);
}

/**
 * Returns the counts for a guard's breaker. The caller may increase the counts. The first call creates them.
 */
export function countsFor(breaker: CircuitBreaker): GuardCounts {
  const known = counts.get(breaker);
  if (known !== undefined) return known;
  const made: GuardCounts = {
    avoidedRequests: 0,
    pinnedImages: 0,
    lockedImages: 0,
    mirroredImages: 0,
    lostSessions: 0,
    waits: { admitted: 0, rejected: 0, ended: 0 },
    waitMs: 0,
  };
  counts.set(breaker, made);
  return made;
}
