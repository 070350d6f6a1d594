/**
 * Describes a shared circuit for commands: as an object for `--json`, and as texts and times for
 * tables.
 */

import type { CircuitState } from "../../breaker/circuit-state.js";
import type { FleetSnapshot } from "../../fleet/rules/reply.js";
import type { OutcomeCounts, SharedFailure } from "../../fleet/rules/state.js";
import type { FleetEntry } from "../../fleet/store.js";

/** The state that commands show. An isolation takes precedence over the circuit's own state. */
export type ShownState = CircuitState | "isolated";

/** The JSON object of a circuit. Its times are on this machine's clock. */
export interface CircuitObject {
  readonly name: string;
  /** Whether the store knows the circuit. An unknown circuit is closed. */
  readonly known: boolean;
  readonly state: ShownState;
  readonly since: string | null;
  /** When the circuit admits calls again; null while it admits calls. */
  readonly until: string | null;
  readonly retryAfterMs: number | null;
  readonly isolation: { readonly reason: string; readonly owner: string } | null;
  /** The last failure. While the circuit is open, this is the failure that opened it. */
  readonly failure: SharedFailure | null;
  /** The process that reported `failure`. */
  readonly reporter: { readonly host: string; readonly run: string | null } | null;
  readonly openings: number;
  readonly badSeconds: number;
  readonly reporters: number;
  readonly probes: number;
  readonly counts: OutcomeCounts;
  readonly generation: number;
}

/** Returns the JSON object of a circuit. `nowMs` is the current time of this machine. */
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

/** Returns whether the store knows the circuit. */
export function isKnown({ generation }: FleetSnapshot): boolean {
  return generation > 0;
}

export function stateOf({ isolation, state }: FleetSnapshot): ShownState {
  return isolation === null ? state : "isolated";
}

/** Returns how long the circuit has been in the shown state, in milliseconds. */
export function ageOf({ isolation, ageMs }: FleetSnapshot): number {
  return isolation?.ageMs ?? ageMs;
}

/** Returns the milliseconds until the circuit admits calls again; null while it is closed. */
export function waitOf({ isolation, state, retryAfterMs }: FleetSnapshot): number | null {
  if (isolation !== null) return isolation.remainingMs;
  return state === "closed" ? null : retryAfterMs;
}

/**
 * Returns whether every call is rejected. An open circuit admits a probe once its open time is
 * over.
 */
export function refusesAll(snapshot: FleetSnapshot): boolean {
  const state = stateOf(snapshot);
  return state === "isolated" || (state === "open" && snapshot.retryAfterMs > 0);
}

const ORDER: readonly ShownState[] = ["isolated", "open", "half-open", "closed"];

/** Sorts isolated circuits first, then open, half-open and closed ones. */
export function byUrgency(one: FleetEntry, other: FleetEntry): number {
  const rank = ({ snapshot }: FleetEntry) => ORDER.indexOf(stateOf(snapshot));
  return rank(one) - rank(other) || (one.name < other.name ? -1 : 1);
}

/** Returns the snapshot as it will be after `passedMs`, if nothing else happens. */
export function later(snapshot: FleetSnapshot, passedMs: number): FleetSnapshot {
  const byMs = Math.floor(passedMs);
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

/** Renders a time in UTC, with whole seconds. */
export function secondText(atMs: number): string {
  return isoTime(atMs).replace(/\.\d+Z$/, "Z");
}

export function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
