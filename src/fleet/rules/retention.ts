/** Defines how long a store keeps the state of an unused circuit. */

import type { FleetState } from "./state.js";

/**
 * The milliseconds for which a store keeps an unused circuit after its open time and isolation have
 * ended.
 */
export const RETENTION_MS = 7 * 24 * 3_600_000;

/** Returns the milliseconds for which a store must keep a state from now on. */
export function keepForMs({ nowMs, phase, isolation }: FleetState): number {
  const openUntilMs = phase.kind === "open" ? phase.untilMs : nowMs;
  return Math.max(openUntilMs, isolation?.untilMs ?? nowMs) - nowMs + RETENTION_MS;
}
