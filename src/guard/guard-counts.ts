/** The counts of a guard for each of its breakers, beside those of the breaker itself. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";

/** How the wait of a request for a circuit ended: `ended` by a signal, a timeout or too many waiters. */
export type WaitResult = "admitted" | "rejected" | "ended";

/** The counts for one breaker. None ever decreases. */
export interface GuardCounts {
  /** Requests to a registry that rejected pulls avoided during its rate limit. */
  avoidedRequests: number;
  /** Images requested by a known digest instead of their tag. */
  pinnedImages: number;
  /** Images used by the digest in a lock file. */
  lockedImages: number;
  /** Images requested from a mirror instead of this registry. */
  mirroredImages: number;
  /** Sessions that the engine lost. */
  lostSessions: number;
  /** Requests that waited for the circuit. */
  readonly waits: Record<WaitResult, number>;
  waitMs: number;
}

const counts = new WeakMap<CircuitBreaker, GuardCounts>();

/** Returns the counts for a breaker; undefined if no guard uses it. */
export function guardCountsOf(breaker: CircuitBreaker): Readonly<GuardCounts> | undefined {
  return counts.get(breaker);
}

/** Returns the counts for a guard's breaker, to add to them. */
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
