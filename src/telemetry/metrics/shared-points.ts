/** Turns shared circuits into data points. Pure, so that every exporter can use it. */

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

/** A shared circuit with its rate-limit scope. */
export interface SharedEntry extends FleetEntry {
  readonly scope: string;
}

/** The limit on the expected size of the page. */
const MAX_BYTES = 900_000;
/** The length of a line, without the circuit's name and scope. */
const LINE_BYTES = 170;
const MAX_SCOPE_LENGTH = 100;

/** Returns the circuits in the order in which they are listed: those that are not closed come first. */
export function troubledFirst(circuits: readonly SharedEntry[]): SharedEntry[] {
  const closed = circuits.filter((circuit) => stateOf(circuit) === "closed");
  return [...circuits.filter((circuit) => stateOf(circuit) !== "closed"), ...closed];
}

/** Returns whether a shared circuit admits only probes, or no calls. */
export function isTroubled(circuit: SharedEntry): boolean {
  return stateOf(circuit) !== "closed";
}

/**
 * Selects the circuits that are listed by name on a page. Circuits beyond the limits on their number and on
 * the size of the page are only counted, by state.
 *
 * @param otherLines Lines of the same page about anything else.
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
      const { failures = [], transitions = {} } = circuit.report ?? {};
      const lines = STATES.length + 8 + failures.length + Object.keys(transitions).length;
      leftBytes -= lines * (LINE_BYTES + 2 * circuit.name.length + circuit.scope.length);
      return leftBytes >= 0;
    });
  const known = new Set(named);
  return { named, others: circuits.filter((circuit) => !known.has(circuit)) };
}

/** Returns the number of circuits by state, and the states of those that are not listed. */
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
    ...Object.entries(report?.transitions ?? {}).map(([reason, count]) =>
      point(SHARED.transitions, { ...own, [REASON]: wordOf(reason) }, count),
    ),
    ...(report === undefined ? [] : [point(SHARED.openTime, own, report.openMs / 1000)]),
    point(SHARED.retryAfter, own, retryAfterMs / 1000),
    ...overdueMs(circuit).map((ms) => point(SHARED.probeOverdue, own, ms / 1000)),
    point(SHARED.isolationAge, own, (isolation?.ageMs ?? 0) / 1000),
  ];
}

/**
 * Returns how long a circuit has been half-open beyond the lease of a probe. The first probe begins
 * with that state, so a process that got a probe has hung or died. Unknown before the first outcome.
 */
function overdueMs({ snapshot, report }: SharedEntry): readonly number[] {
  const policy = report?.policy;
  if (policy === undefined || policy === null) return [];
  const isHalfOpen = snapshot.isolation === null && snapshot.state === "half-open";
  return [isHalfOpen ? Math.max(0, snapshot.ageMs - policy.halfOpenProbeTimeoutMs) : 0];
}

function stateOf({ snapshot }: FleetEntry): StateName {
  if (snapshot.isolation !== null) return "isolated";
  return snapshot.state === "half-open" ? "half_open" : snapshot.state;
}

function countOf(circuits: readonly SharedEntry[], state: StateName): number {
  return circuits.filter((circuit) => stateOf(circuit) === state).length;
}
