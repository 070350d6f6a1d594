/** Takes permits from all circuit breakers that a request depends on, or takes no permit. */

import { type CallPermit, Permit } from "../../breaker/calls/permit.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { type CircuitBreakerOpenError, isCircuitBreakerOpenError } from "../../breaker/errors.js";
import type { Machine } from "../../breaker/machine.js";
import type { SharedCircuitBreaker } from "../../fleet/client/shared-circuit-breaker.js";
import type { Asked } from "../../policies/wait.js";

/**
 * The error for a request that circuit breakers rejected. It is the rejection with the longest wait. Its
 * message names every breaker that rejected the request.
 */
export interface GuardRejection extends CircuitBreakerOpenError {
  /**
   * The rejections of all breakers, including this rejection. The list is not shown when the error is
   * printed.
   */
  readonly refusals: readonly CircuitBreakerOpenError[];
}

/**
 * Takes a permit from every breaker in one tick, or takes no permit. First checks all breakers, so that a
 * rejection by one breaker uses no probe slot of another. After this check, a breaker rejects only if a
 * listener has changed it. Then all permits are released.
 *
 * @param machines The state machines of the breakers, in the same order.
 * @returns The permits in the order of the breakers, or a {@link GuardRejection}. The rejection by an
 * isolated breaker counts as the longest wait.
 */
export function askAll(
  breakers: readonly CircuitBreaker[],
  machines: readonly Machine[] = breakers.map((one) => CircuitBreaker.machineOf(one)),
): Asked<readonly Permit[]> {
  const refusing = machines.filter((one) => !one.check().admits);
  const permits: Permit[] = [];
  const refusals: RejectedBy[] = [];
  for (const [index, machine] of machines.entries()) {
    if (refusing.length > 0 && !refusing.includes(machine)) continue;
    const admission = machine.admit();
    if (admission instanceof Permit) permits.push(admission);
    else {
      const refusedBy = breakers[index] as CircuitBreaker;
      refusals.push({ refusedBy, rejection: admission.error });
    }
  }
  if (permits.length === breakers.length) return { value: permits };
  for (const permit of permits) permit.release();
  return longestOf(refusals);
}

/**
 * Asks the shared circuits for a request that the breakers of this process have admitted. If one circuit
 * rejects, no permit is kept. Asks the circuits in parallel, so that their delays do not add up.
 *
 * @param permits The permits, in the order of the breakers.
 * @param shared The shared circuits of the breakers. Undefined for a breaker that is not shared.
 */
export async function askShared(
  breakers: readonly CircuitBreaker[],
  permits: readonly Permit[],
  shared: readonly (SharedCircuitBreaker | undefined)[],
): Promise<Asked<readonly CallPermit[]>> {
  const joining = permits.map(async (permit, index) => {
    const breaker = breakers[index] as CircuitBreaker;
    const answer = (await shared[index]?.join(permit)) ?? permit;
    return { breaker, answer };
  });
  const joint: CallPermit[] = [];
  const refusals: RejectedBy[] = [];
  for (const { breaker, answer } of await Promise.all(joining)) {
    if (isCircuitBreakerOpenError(answer)) refusals.push({ refusedBy: breaker, rejection: answer });
    else joint.push(answer);
  }
  if (refusals.length === 0) return { value: joint };
  for (const permit of joint) permit.release();
  return longestOf(refusals);
}

interface RejectedBy {
  readonly refusedBy: CircuitBreaker;
  readonly rejection: CircuitBreakerOpenError;
}

/** Returns the rejection with the longest wait. Its message then names all breakers that rejected. */
function longestOf(refusals: readonly RejectedBy[]): RejectedBy {
  const longest = refusals.reduce((one, other) => (waitOf(other) > waitOf(one) ? other : one));
  listAll(longest.rejection, refusals);
  return longest;
}

function waitOf({ rejection }: RejectedBy): number {
  return rejection.retryAfterMs ?? Number.POSITIVE_INFINITY;
}

/**
 * Adds the list of all rejections to an error. The list is not enumerable, because it contains the error
 * itself and would make printed output circular.
 */
function listAll(rejection: CircuitBreakerOpenError, refusals: readonly RejectedBy[]): void {
  const all = refusals.map((refusal) => refusal.rejection);
  const others = all.filter((one) => one !== rejection).map(({ breakerName }) => breakerName);
  if (others.length > 0) rejection.message += `; also rejected by ${others.join(", ")}`;
  Object.defineProperty(rejection, "refusals", { value: all });
}

/** Returns whether an error is a {@link GuardRejection}. */
export function isGuardRejection(error: unknown): error is GuardRejection {
  return typeof error === "object" && error !== null && "refusals" in error;
}
