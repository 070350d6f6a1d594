/** Lets a request in past all the breakers it depends on, or past none. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { CircuitBreakerOpenError } from "../breaker/errors.js";
import { Permit } from "../breaker/permit.js";
import type { Asked } from "../policies/wait.js";

/**
 * Takes a permit of every breaker, in one tick. All are asked before any permit is taken, so that a
 * refusal costs no probe slot elsewhere; a listener that steers a breaker in between is the only way
 * to be refused after that, and then the permits that were taken go back.
 *
 * @returns The permits in the order of the breakers, or the rejection of the refusing breaker with
 * the longest wait; an isolated one waits longer than any other.
 */
export function askAll(breakers: readonly CircuitBreaker[]): Asked<readonly Permit[]> {
  const refusing = breakers.filter((breaker) => !breaker.check().admits);
  const permits: Permit[] = [];
  const refusals: Refusal[] = [];
  for (const breaker of refusing.length > 0 ? refusing : breakers) {
    const admission = breaker.tryAcquire();
    if (admission instanceof Permit) permits.push(admission);
    else refusals.push({ refusedBy: breaker, rejection: admission });
  }
  if (permits.length === breakers.length) return { value: permits };
  for (const permit of permits) permit.release();
  return refusals.reduce((one, other) => (waitOf(other) > waitOf(one) ? other : one));
}

interface Refusal {
  readonly refusedBy: CircuitBreaker;
  readonly rejection: CircuitBreakerOpenError;
}

function waitOf({ rejection }: Refusal): number {
  return rejection.retryAfterMs ?? Number.POSITIVE_INFINITY;
}
