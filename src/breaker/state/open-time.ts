/** How long a circuit stays open: growing, jittered and capped. */

import { CircuitState } from "../circuit-state.js";
import type { Settings } from "../options.js";
import type { State } from "./state.js";

/**
 * How often the circuit has opened again without a lasting recovery, once it opens from `from` at
 * `nowMs`. One reset timeout spent closed is a lasting recovery.
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
 * The open time in milliseconds.
 *
 * @param openings The so many-th opening in a row, counted from 1.
 * @param retryAfterMs What the upstream asked for, or 0.
 * @param chance From 0 to 1, how much of the jitter to add.
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
