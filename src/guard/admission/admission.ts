/** Admits a request past all the breakers it depends on, or past none. */

import { type CallPermit, Permit } from "../../breaker/calls/permit.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitState } from "../../breaker/circuit-state.js";
import { type CircuitBreakerOpenError, isCircuitBreakerOpenError } from "../../breaker/errors.js";
import type { Machine } from "../../breaker/machine.js";
import type { SharedCircuitBreaker } from "../../fleet/client/shared-circuit-breaker.js";
import type { Asked } from "../../policies/wait.js";

/**
 * The rejection of a request by a guard: that of the breaker with the longest wait. Its message
 * names all breakers that rejected.
 */
export interface GuardRejection extends CircuitBreakerOpenError {
  /** The rejections of all breakers, including this one; not shown with the error. */
  readonly refusals: readonly CircuitBreakerOpenError[];
}

/**
 * Takes a permit from every breaker, in one tick. All are asked before any permit is taken, so that
 * a rejection uses no probe slot elsewhere. A later rejection is possible only if a listener
 * changes a breaker in between; the permits are then released.
 *
 * @param machines The machines of the breakers, in their order.
 * @returns The permits in the order of the breakers, or a {@link GuardRejection}. An isolated
 * breaker counts as the longest wait.
 */
export function askAll(
  breakers: readonly CircuitBreaker[],
  machines: readonly Machine[] = breakers.map((one) => CircuitBreaker.machineOf(one)),
): Asked<readonly Permit[]> {
  const refusing = areClosed(machines) ? [] : machines.filter((one) => !one.check().admits);
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
 * Returns whether permits of these circuits use no probe slot, so that all can be asked at once.
 */
export function areClosed(machines: readonly Machine[]): boolean {
  return machines.every(({ state }) => state.kind === CircuitState.Closed);
}

/**
 * Admits a request that this process's breakers have admitted past their shared circuits as well,
 * or past none. All are asked at once, so that it waits for one answer only.
 *
 * @param permits The permits, in the order of the breakers.
 * @param shared The shared circuits of the breakers; undefined for a breaker that is not shared.
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

/** Returns the rejection with the longest wait, with a message about all. */
function longestOf(refusals: readonly RejectedBy[]): RejectedBy {
  const longest = refusals.reduce((one, other) => (waitOf(other) > waitOf(one) ? other : one));
  listAll(longest.rejection, refusals);
  return longest;
}

function waitOf({ rejection }: RejectedBy): number {
  return rejection.retryAfterMs ?? Number.POSITIVE_INFINITY;
}

/**
 * Adds all other rejections to a rejection. The list is not enumerable, because it contains the
 * rejection itself.
 */
function listAll(rejection: CircuitBreakerOpenError, refusals: readonly RejectedBy[]): void {
  const all = refusals.map((refusal) => refusal.rejection);
  const others = all.filter((one) => one !== rejection).map(({ breakerName }) => breakerName);
  if (others.length > 0) rejection.message += `; also rejected by ${others.join(", ")}`;
  Object.defineProperty(rejection, "refusals", { value: all });
}

/** Returns whether an error is the rejection of a guard. */
export function isGuardRejection(error: unknown): error is GuardRejection {
  return typeof error === "object" && error !== null && "refusals" in error;
}
