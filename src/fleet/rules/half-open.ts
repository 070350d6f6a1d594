/** Grants and takes back the probe leases of a half-open circuit. */

import type { SharedPolicy } from "./policy.js";
import type { HalfOpenPhase, Lease } from "./state.js";

/** Returns the leases that have not expired. */
export function liveLeases({ leases }: HalfOpenPhase, nowMs: number): readonly Lease[] {
  return leases.filter(({ endMs }) => endMs > nowMs);
}

/**
 * Grants a lease to each of `count` calls, as long as leases are free.
 *
 * @returns The phase with its new leases, and the number of leases granted.
 */
export function lease(
  phase: HalfOpenPhase,
  nowMs: number,
  { policy, count, lease: name }: AdmitParts,
): { readonly phase: HalfOpenPhase; readonly given: number } {
  const live = liveLeases(phase, nowMs);
  const given = Math.min(count, Math.max(0, policy.halfOpenMaxCalls - live.length));
  const endMs = nowMs + Math.ceil(policy.halfOpenProbeTimeoutMs);
  const leases = [...live];
  for (let index = 0; index < given; index += 1) leases.push({ id: `${name}.${index}`, endMs });
  return { phase: { ...phase, leases }, given };
}

/** Removes the given leases, and all expired leases. */
export function giveBack(
  phase: HalfOpenPhase,
  nowMs: number,
  ids: readonly string[],
): HalfOpenPhase {
  return { ...phase, leases: liveLeases(phase, nowMs).filter(({ id }) => !ids.includes(id)) };
}

/** Returns the milliseconds until the first lease expires; 0 if the circuit has no leases. */
export function untilFreeMs(phase: HalfOpenPhase, nowMs: number): number {
  const live = liveLeases(phase, nowMs);
  return live.length === 0 ? 0 : Math.min(...live.map(({ endMs }) => endMs)) - nowMs;
}

interface AdmitParts {
  readonly policy: SharedPolicy;
  readonly count: number;
  readonly lease: string;
}
