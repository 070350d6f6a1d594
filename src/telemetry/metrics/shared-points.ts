/** Turns shared circuits into data points. Pure, so that every exporter can use it. */

import { isCircuit } from "../../fleet/client/circuit-name.js";
import type { CircuitReport, RunTotals } from "../../fleet/rules/report.js";
import type { FleetEntry } from "../../fleet/store.js";
import { FAULT, LIMITED, NAME, OUTCOME, REASON, SCOPE, SHARED, STATE } from "./instruments.js";
import {
  type DataPoint,
  mayBeNamed,
  OTHER,
  point,
  type Selection,
  STATES,
  type StateName,
  wordOf,
} from "./point.js";

/** A shared circuit with its rate-limit scope, and the counts that are exported. */
export interface SharedEntry extends Omit<FleetEntry, "report"> {
  readonly scope: string;
  readonly report?: SharedCounts | undefined;
}

type SharedCounts = Omit<CircuitReport, "seconds" | "probes" | "runs"> & {
  /** The counts of runs; undefined for a circuit that rejects calls. */
  readonly runs?: RunTotals | undefined;
};

/** Returns the exported part of an entry. The rest is larger, and would be kept for the whole page. */
export function sharedEntry(scope: string, { name, snapshot, report }: FleetEntry): SharedEntry {
  if (report === undefined) return { name, scope, snapshot };
  const { rejections, failures, transitions, openMs, policy } = report;
  const runs = isCircuit({ name }) ? undefined : report.runs;
  const counts = { rejections, failures, transitions, openMs, policy, runs };
  return { name, scope, snapshot, report: counts };
}

/** The largest expected size of a page. */
const MAX_BYTES = 900_000;
/** The estimated length of a line, without the circuit's name and scope. */
const LINE_BYTES = 170;
const MAX_SCOPE_LENGTH = 100;

/** Sorts circuits so that those that are not closed come first. */
export function troubledFirst(circuits: readonly SharedEntry[]): SharedEntry[] {
  const closed = circuits.filter((circuit) => stateOf(circuit) === "closed");
  return [...circuits.filter((circuit) => stateOf(circuit) !== "closed"), ...closed];
}

/** Returns whether a shared circuit is not closed: it rejects every call, or admits only probes. */
export function isTroubled(circuit: SharedEntry): boolean {
  return stateOf(circuit) !== "closed";
}

/**
 * Selects the circuits to list by name on a page. Two limits apply: the number of circuits, and the
 * expected size of the page. Circuits beyond the limits are only counted by state.
 *
 * @param otherLines Number of lines on the page that are not about circuits.
 */
export function selectShared(
  circuits: readonly SharedEntry[],
  maxCircuits: number,
  otherLines: number,
): Selection<SharedEntry> {
  let leftBytes = MAX_BYTES - otherLines * (LINE_BYTES + MAX_SCOPE_LENGTH);
  const named = troubledFirst(circuits.filter(mayBeNamed))
    .slice(0, maxCircuits)
    .filter((circuit) => {
      const { failures = [] } = circuit.report ?? {};
      const changes = Object.keys(transitionsOf(circuit.report)).length;
      const lines = STATES.length + 8 + failures.length + changes;
      leftBytes -= lines * (LINE_BYTES + 2 * circuit.name.length + circuit.scope.length);
      return leftBytes >= 0;
    });
  const known = new Set(named);
  return { named, others: circuits.filter((circuit) => !known.has(circuit)) };
}

/**
 * Returns the number of all circuits in each state. Also counts, under the name `_OTHER`, the states of the
 * circuits that are not listed by name.
 */
export function pointsOfAll({ named, others }: Selection<SharedEntry>): readonly DataPoint[] {
  const counts = STATES.map((state) =>
    point(SHARED.circuits, { [STATE]: state }, countOf(named, state) + countOf(others, state)),
  );
  const rest = STATES.map((state) =>
    point(SHARED.status, { [NAME]: OTHER, [SCOPE]: OTHER, [STATE]: state }, countOf(others, state)),
  );
  return others.length === 0 ? counts : [...counts, ...rest];
}

/** Returns the data points of one circuit. */
export function pointsOfShared(circuit: SharedEntry): readonly DataPoint[] {
  const { name, scope, snapshot, report } = circuit;
  const own = { [NAME]: name, [SCOPE]: scope };
  const state = stateOf(circuit);
  const { counts, isolation } = snapshot;
  const calls = { success: counts.successes, failure: counts.failures, late: counts.late };
  const told = report === undefined ? calls : { ...calls, rejected: report.rejections };
  const retryAfterMs = isolation?.remainingMs ?? snapshot.retryAfterMs;
  return [
    ...STATES.map((one) => point(SHARED.status, { ...own, [STATE]: one }, one === state ? 1 : 0)),
    ...Object.entries(told).map(([outcome, count]) =>
      point(SHARED.calls, { ...own, [OUTCOME]: outcome }, count),
    ),
    ...(report?.failures ?? []).map(({ fault, limited, count }) => {
      const kind = { [FAULT]: fault ?? "unknown", [LIMITED]: String(limited) };
      return point(SHARED.failures, { ...own, ...kind }, count);
    }),
    ...Object.entries(transitionsOf(report)).map(([reason, count]) =>
      point(SHARED.transitions, { ...own, [REASON]: wordOf(reason) }, count),
    ),
    ...(report === undefined ? [] : [point(SHARED.openTime, own, report.openMs / 1000)]),
    point(SHARED.retryAfter, own, retryAfterMs / 1000),
    ...overdueMs(circuit).map((ms) => point(SHARED.probeOverdue, own, ms / 1000)),
    point(SHARED.isolationAge, own, (isolation?.ageMs ?? 0) / 1000),
  ];
}

/**
 * Returns the state changes by reason, with the closings by a probe also where these are 0. `increase` in
 * Prometheus counts from the first value of a series, so it would miss the first closing of a series that
 * begins with it.
 */
function transitionsOf(report: SharedCounts | undefined): SharedCounts["transitions"] {
  return report === undefined ? {} : { "probe-succeeded": 0, ...report.transitions };
}

/**
 * Returns how long a circuit has been half-open beyond the lease of a probe. A circuit becomes half-open
 * with its first probe. A positive result therefore shows that the process with the probe hung or died.
 * Returns an empty list before the first outcome, when the lease is unknown.
 */
function overdueMs({ snapshot, report }: SharedEntry): readonly number[] {
  const policy = report?.policy;
  if (policy === undefined || policy === null) return [];
  const isHalfOpen = snapshot.isolation === null && snapshot.state === "half-open";
  return [isHalfOpen ? Math.max(0, snapshot.ageMs - policy.halfOpenProbeTimeoutMs) : 0];
}

function stateOf({ snapshot }: Pick<FleetEntry, "snapshot">): StateName {
  if (snapshot.isolation !== null) return "isolated";
  return snapshot.state === "half-open" ? "half_open" : snapshot.state;
}

function countOf(circuits: readonly SharedEntry[], state: StateName): number {
  return circuits.filter((circuit) => stateOf(circuit) === state).length;
}
