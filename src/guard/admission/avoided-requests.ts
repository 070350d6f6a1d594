/** Counts the requests to a registry that were avoided because pulls were rejected. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { isSharedCircuitOpenError } from "../../fleet/client/shared-open-error.js";
import { countsFor, guardCountsOf } from "../guard-counts.js";
import type { FailureRecord } from "../judgement/failure-record.js";
import type { Dependencies } from "../request/session-memory.js";
import { type GuardRejection, isGuardRejection } from "./admission.js";

/** The number of requests that the engine sends, without a pause, for an image whose registry answers 429. */
const REQUESTS_PER_LIMITED_PULL = 6;

/**
 * Returns how many requests to a registry were avoided because pulls were rejected during its rate limit.
 * Each image counts as six requests, because the engine sends six requests within 10 ms when it gets a 429.
 *
 * @param breaker The breaker of the registry, such as `guardRegistry.get("registry:docker.io")`.
 * @returns A count that never decreases; 0 if no requests were avoided.
 */
export function sparedRequestCount(breaker: CircuitBreaker): number {
  return guardCountsOf(breaker)?.avoidedRequests ?? 0;
}

/**
 * Counts the requests that a rejection has avoided. They count for each registry that rejected because of a
 * rate limit.
 */
export function countAvoided(
  error: unknown,
  found: readonly (readonly [name: string, breaker: CircuitBreaker, ...unknown[]])[],
  { images }: Dependencies,
): void {
  if (!isGuardRejection(error)) return;
  const breakers = new Map(found.map(([name, breaker]) => [name, breaker]));
  for (const name of images) {
    const breaker = breakers.get(name);
    if (breaker === undefined || !isLimited(error, name)) continue;
    countsFor(breaker).avoidedRequests += REQUESTS_PER_LIMITED_PULL;
  }
}

function isLimited({ refusals }: GuardRejection, name: string): boolean {
  const refusal = refusals.find(({ breakerName: refusing }) => refusing === name);
  const failure = isSharedCircuitOpenError(refusal) ? refusal.failure : refusal?.cause;
  return (failure as Partial<FailureRecord> | null | undefined)?.limited === true;
}
