/** Calculates how long a circuit stays open, with growth, jitter and an upper limit. */

import { CircuitState } from "../circuit-state.js";
import type { Settings } from "../options.js";
import type { State } from "./state.js";

/**
 * Returns the number of consecutive openings if the circuit opens from the state `from` at `nowMs`.
 * The count starts over once the circuit has been closed for one reset timeout.
 *
 * @param before Number of consecutive openings until now.
 */
export function openingsInARow(
  before: number,
  from: State,
  nowMs: number,
  settings: Settings,
): number {
  const recovered =
    from.kind === CircuitState.Closed && nowMs - from.sinceMs >= settings.resetTimeoutMs;
  return recovered ? 1 : before + 1;
}

/**
 * Returns the open time in milliseconds.
 *
 * @param openings Number of consecutive openings, starting at 1.
 * @param retryAfterMs The delay that the upstream asked for, or 0.
 * @param chance From 0 to 1: the share of the jitter to add.
 */
export function openTimeMs(
  openings: number,
  retryAfterMs: number,
  chance: number,
  settings: Settings,
): number {
  const { resetTimeoutMs, openTimeGrowthFactor, openTimeJitter, maxOpenMs } = settings;
  const backoffMs = resetTimeoutMs * openTimeGrowthFactor ** (openings - 1);
  const jitteredMs = Math.max(backoffMs, retryAfterMs) * (1 + openTimeJitter * chance);
  return Math.min(jitteredMs, maxOpenMs);
}
