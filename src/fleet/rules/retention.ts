/** How long a store keeps an unused circuit. */

import type { FleetState } from "./state.js";

/** How long a store keeps an unused circuit after its last open time. */
export const RETENTION_MS = 7 * 24 * 3_600_000;

/** Returns for how many milliseconds a state must be kept from now on. */
export function keepForMs({ nowMs, phase, isolation }: FleetState): number {
  const openUntilMs = phase.kind === "open" ? phase.untilMs : nowMs;
  return Math.max(openUntilMs, isolation?.untilMs ?? nowMs) - nowMs + RETENTION_MS;
}
