/** Counts the requests that registries were spared because a guard refused pulls from them. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { isSharedCircuitOpenError } from "../../fleet/client/shared-open-error.js";
import type { FailureRecord } from "../judgement/failure-record.js";
import type { Dependencies } from "../request/session-memory.js";
import { type GuardRejection, isGuardRejection } from "./admission.js";

/** The engine asks so often, without a pause, for an image that a registry answers with a 429. */
const REQUESTS_PER_LIMITED_PULL = 6;

const counts = new WeakMap<CircuitBreaker, number>();

/**
 * How many requests a registry has been spared so far because pulls were refused while it limited
 * the rate: six for each image, since the engine asks six times within 10 ms on a 429.
 *
 * @param breaker The breaker of the registry, such as `guardRegistry.get("registry:docker.io")`.
 * @returns A count that never goes back; 0 for a breaker that spared nobody anything.
 */
export function sparedRequestCount(breaker: CircuitBreaker): number {
  return counts.get(breaker) ?? 0;
}

/** Counts what the refusal of a request has spared. */
export function countSpared(
  error: unknown,
  found: readonly (readonly [name: string, breaker: CircuitBreaker, ...unknown[]])[],
  { images }: Dependencies,
): void {
  if (!isGuardRejection(error)) return;
  const breakers = new Map(found.map(([name, breaker]) => [name, breaker]));
  for (const name of images) {
    const breaker = breakers.get(name);
    if (breaker === undefined || !isLimited(error, name)) continue;
    counts.set(breaker, sparedRequestCount(breaker) + REQUESTS_PER_LIMITED_PULL);
  }
}

function isLimited({ refusals }: GuardRejection, name: string): boolean {
  const refusal = refusals.find(({ breakerName: refusing }) => refusing === name);
  const failure = isSharedCircuitOpenError(refusal) ? refusal.failure : refusal?.cause;
  return (failure as Partial<FailureRecord> | null | undefined)?.limited === true;
}
