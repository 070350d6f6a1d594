/** The places of probes while a circuit is half-open. */

import type { SharedPolicy } from "./policy.js";
import type { HalfOpenPhase, Lease } from "./state.js";

/** The leases that have not ended. */
export function liveLeases({ leases }: HalfOpenPhase, nowMs: number): readonly Lease[] {
  return leases.filter(({ endMs }) => endMs > nowMs);
}

/**
 * Gives out up to `count` places, as many as are free.
 *
 * @returns The phase with its new leases, and how many places were given.
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

/** Takes places back, those that have ended among them. */
export function giveBack(
  phase: HalfOpenPhase,
  nowMs: number,
  ids: readonly string[],
): HalfOpenPhase {
  return { ...phase, leases: liveLeases(phase, nowMs).filter(({ id }) => !ids.includes(id)) };
}

/** Until the first of the places that are taken is free by itself; 0 when none is taken. */
export function untilFreeMs(phase: HalfOpenPhase, nowMs: number): number {
  const live = liveLeases(phase, nowMs);
  return live.length === 0 ? 0 : Math.min(...live.map(({ endMs }) => endMs)) - nowMs;
}

interface AdmitParts {
  readonly policy: SharedPolicy;
  readonly count: number;
  readonly lease: string;
}
