/** A shared circuit as the commands show it: as a plain object, and what a reader asks of it first. */

import type { CircuitState } from "../../breaker/circuit-state.js";
import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import type { OutcomeCounts, SharedFailure } from "../../fleet/rules/state.js";
import type { FleetEntry } from "../../fleet/store.js";

/** The state that decides: an isolation goes before the state of the circuit by itself. */
export type ShownState = CircuitState | "isolated";

/** What `--json` prints of a circuit. Times are by the clock of this machine. */
export interface CircuitObject {
  readonly name: string;
  /** Whether the store knows it; what it does not know is closed. */
  readonly known: boolean;
  readonly state: ShownState;
  readonly since: string | null;
  /** When it lets calls in again by itself; null when that has come, and for what is closed. */
  readonly until: string | null;
  readonly retryAfterMs: number | null;
  readonly isolation: { readonly reason: string; readonly owner: string } | null;
  /** The last failure: while open, what it opened for. */
  readonly failure: SharedFailure | null;
  /** Who met that failure. */
  readonly reporter: { readonly host: string; readonly run: string | null } | null;
  readonly openings: number;
  readonly badSeconds: number;
  readonly reporters: number;
  readonly probes: number;
  readonly counts: OutcomeCounts;
  readonly generation: number;
}

/** The plain object of a circuit at a time of this machine. */
export function circuitObject({ name, snapshot }: FleetEntry, nowMs: number): CircuitObject {
  const { generation, isolation, failure, openings, badSeconds, reporters, probes } = snapshot;
  const known = isKnown(snapshot);
  const waitMs = waitOf(snapshot);
  const reporter = failure?.reporter;
  return {
    name,
    known,
    state: stateOf(snapshot),
    since: known ? isoTime(nowMs - ageOf(snapshot)) : null,
    until: waitMs === null || waitMs === 0 ? null : isoTime(nowMs + waitMs),
    retryAfterMs: waitMs,
    isolation: isolation && { reason: isolation.reason, owner: isolation.owner },
    failure: failure && { fault: failure.fault, rule: failure.rule, limited: failure.limited },
    reporter: reporter === undefined ? null : { host: reporter.host, run: reporter.run },
    openings,
    badSeconds,
    reporters,
    probes,
    counts: snapshot.counts,
    generation,
  };
}

/** Whether the store knows the circuit. */
export function isKnown({ generation }: FleetSnapshot): boolean {
  return generation > 0;
}

export function stateOf({ isolation, state }: FleetSnapshot): ShownState {
  return isolation === null ? state : "isolated";
}

/** For how long it has been so, in milliseconds. */
export function ageOf({ isolation, ageMs }: FleetSnapshot): number {
  return isolation?.ageMs ?? ageMs;
}

/** In how many milliseconds it lets calls in; null for what is closed. */
export function waitOf({ isolation, state, retryAfterMs }: FleetSnapshot): number | null {
  if (isolation !== null) return isolation.remainingMs;
  return state === "closed" ? null : retryAfterMs;
}

/** Whether every call is refused: one whose time is over is waiting for a call that probes. */
export function refusesAll(snapshot: FleetSnapshot): boolean {
  const state = stateOf(snapshot);
  return state === "isolated" || (state === "open" && snapshot.retryAfterMs > 0);
}

const ORDER: readonly ShownState[] = ["isolated", "open", "half-open", "closed"];

/** What is not closed goes first. */
export function byUrgency(one: FleetEntry, other: FleetEntry): number {
  const rank = ({ snapshot }: FleetEntry) => ORDER.indexOf(stateOf(snapshot));
  return rank(one) - rank(other) || (one.name < other.name ? -1 : 1);
}

/** How a circuit stands some milliseconds later if nobody touches it. */
export function later(snapshot: FleetSnapshot, byMs: number): FleetSnapshot {
  const { isolation } = snapshot;
  const remainingMs = (isolation?.remainingMs ?? 0) - byMs;
  return {
    ...snapshot,
    ageMs: snapshot.ageMs + byMs,
    retryAfterMs: Math.max(0, snapshot.retryAfterMs - byMs),
    isolation:
      isolation === null || remainingMs <= 0
        ? null
        : { ...isolation, ageMs: isolation.ageMs + byMs, remainingMs },
  };
}

/** A time to the second, in UTC. */
export function secondText(atMs: number): string {
  return isoTime(atMs).replace(/\.\d+Z$/, "Z");
}

export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
