/** Creates the snapshot of a shared circuit. Converts all times into durations. */

import { liveLeases, untilFreeMs } from "./half-open.js";
import type { FleetSnapshot } from "./reply.js";
import type { ClosedPhase, FleetState } from "./state.js";
import type { Turn } from "./turn.js";

/** The snapshot of a circuit that the store does not know. */
export const UNKNOWN_SNAPSHOT: FleetSnapshot = {
  generation: 0,
  state: "closed",
  ageMs: 0,
  retryAfterMs: 0,
  badSeconds: 0,
  reporters: 0,
  probes: 0,
  openings: 0,
  isolation: null,
  failure: null,
  counts: { successes: 0, failures: 0, late: 0 },
};

/** Returns the snapshot of a circuit at the time of a command. */
export function snapshotOf({ state, nowMs }: Pick<Turn, "state" | "nowMs">): FleetSnapshot {
  const { generation, phase, openings, isolation, failure, counts } = state;
  return {
    generation,
    state: phase.kind,
    ageMs: nowMs - phase.sinceMs,
    retryAfterMs: retryAfterMs(phase, nowMs),
    badSeconds: phase.kind === "closed" ? badSecondsOf(phase, nowMs) : 0,
    reporters: phase.kind === "closed" ? phase.reporters.length : 0,
    probes: phase.kind === "half-open" ? liveLeases(phase, nowMs).length : 0,
    openings,
    isolation:
      isolation === null || isolation.untilMs <= nowMs
        ? null
        : {
            reason: isolation.reason,
            owner: isolation.owner,
            ageMs: nowMs - isolation.sinceMs,
            remainingMs: isolation.untilMs - nowMs,
          },
    failure,
    counts,
  };
}

function retryAfterMs(phase: FleetState["phase"], nowMs: number): number {
  if (phase.kind === "open") return Math.max(0, phase.untilMs - nowMs);
  return phase.kind === "half-open" ? untilFreeMs(phase, nowMs) : 0;
}

/**
 * Counts consecutive bad seconds, including the last second once it is over. A read command has no
 * policy, so old bad seconds count here as well.
 */
function badSecondsOf({ row, second }: ClosedPhase, nowMs: number): number {
  if (second === null || nowMs < second.startMs + 1000) return row.length;
  return second.failures > second.successes ? row.length + 1 : 0;
}
