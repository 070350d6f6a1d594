/** Opens a shared circuit, and calculates its open time with growth, jitter and an upper limit. */

import type { SharedPolicy } from "./policy.js";
import type { FleetChangeReason } from "./reply.js";
import type { FleetState, Reporter } from "./state.js";
import type { Turn } from "./turn.js";

/**
 * Opens a circuit that is closed or half-open.
 *
 * @param quietUntilMs End of the time for which the upstream asked to be left alone; 0 if it did
 * not ask.
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
 * Counts consecutive openings, including the present opening. Starts over at 1 once the circuit has
 * been closed for one reset timeout.
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
 * Returns the open time in whole milliseconds. Multiplies step by step instead of using a power, so
 * that every programming language gets the same number.
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
