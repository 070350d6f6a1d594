/** Opens a shared circuit for a time that grows, is jittered and capped. */

import type { SharedPolicy } from "./policy.js";
import type { FleetChangeReason } from "./reply.js";
import type { FleetState, Reporter } from "./state.js";
import type { Turn } from "./turn.js";

/**
 * Opens a circuit that is closed or half-open.
 *
 * @param quietUntilMs The time until which the upstream asked to be left alone; 0 if it did not.
 */
export function open(
  turn: Turn,
  reason: FleetChangeReason,
  { policy, chance }: { readonly policy: SharedPolicy; readonly chance: number },
  quietUntilMs: number,
  by: Reporter | null,
): void {
  const openings = openingsInARow(turn.state, turn.nowMs, policy);
  const forMs = openTimeMs(openings, quietUntilMs - turn.nowMs, chance, policy);
  const phase = { kind: "open", sinceMs: turn.nowMs, untilMs: turn.nowMs + forMs } as const;
  turn.change(reason, { openings, phase }, { forMs, by: turn.blame(by) });
}

/**
 * Counts consecutive openings. The count starts over once the circuit has been closed for one reset
 * timeout.
 */
function openingsInARow(
  { phase, openings }: FleetState,
  nowMs: number,
  { resetTimeoutMs }: SharedPolicy,
): number {
  const recovered = phase.kind === "closed" && nowMs - phase.sinceMs >= resetTimeoutMs;
  return recovered ? 1 : openings + 1;
}

/**
 * Returns the open time in whole milliseconds. Multiplies instead of using a power, so that every
 * language gets the same number.
 */
function openTimeMs(openings: number, quietMs: number, chance: number, policy: SharedPolicy) {
  const { resetTimeoutMs, openTimeGrowthFactor, openTimeJitter, maxOpenMs } = policy;
  let backoffMs = resetTimeoutMs;
  for (let step = 1; step < openings && backoffMs < maxOpenMs; step += 1) {
    const grown = backoffMs * openTimeGrowthFactor;
    if (grown === backoffMs) break;
    backoffMs = grown;
  }
  const jitteredMs = Math.max(backoffMs, quietMs) * (1 + openTimeJitter * chance);
  return Math.ceil(Math.min(jitteredMs, maxOpenMs));
}
