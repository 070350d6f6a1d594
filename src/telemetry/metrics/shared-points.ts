/** Turns shared circuits into data points. Pure, so that every exporter can use it. */

import type { FleetEntry } from "../../fleet/store.js";
import type { Instrument } from "../instruments.js";
import { type DataPoint, SHARED } from "./instruments.js";

/** A shared circuit with its rate-limit scope. */
export interface SharedEntry extends FleetEntry {
  readonly scope: string;
}

/** The circuit name and scope of the counts over all circuits that are not listed by name. */
const OTHER = "_OTHER";

const STATES = ["closed", "open", "half_open", "isolated"] as const;
type State = (typeof STATES)[number];

/** The limit on circuits that are listed by name. */
const MAX_CIRCUITS = 300;
/** The limit on the expected size of the page. */
const MAX_BYTES = 900_000;
/** The length of a line, without the circuit's name and scope. */
const LINE_BYTES = 170;
const MAX_SCOPE_LENGTH = 100;

/**
 * Returns the circuits that are listed by name. Circuits that are not closed come first. Circuits
 * beyond the limits are only counted, by state.
 *
 * @param otherLines Lines of the same page about anything else.
 */
export function listedCircuits(
  circuits: readonly SharedEntry[],
  otherLines: number,
): readonly SharedEntry[] {
  const troubled = circuits.filter((circuit) => stateOf(circuit) !== "closed");
  const closed = circuits.filter((circuit) => stateOf(circuit) === "closed");
  let leftBytes = MAX_BYTES - otherLines * (LINE_BYTES + MAX_SCOPE_LENGTH);
  return [...troubled, ...closed].slice(0, MAX_CIRCUITS).filter((circuit) => {
    const { failures = [], transitions = {} } = circuit.report ?? {};
    const lines = STATES.length + 6 + failures.length + Object.keys(transitions).length;
    leftBytes -= lines * (LINE_BYTES + 2 * circuit.name.length + circuit.scope.length);
    return leftBytes >= 0;
  });
}

/** Returns the number of circuits by state, and the states of those that are not listed. */
export function pointsOfAll(
  circuits: readonly SharedEntry[],
  listed: readonly SharedEntry[],
): readonly DataPoint[] {
  const known = new Set(listed);
  const rest = circuits.filter((circuit) => !known.has(circuit));
  const counts = STATES.map((state) => {
    return point(SHARED.circuits, { "circuit.state": state }, countOf(circuits, state));
  });
  const others = STATES.map((state) => {
    const attributes = { "circuit.name": OTHER, "circuit.scope": OTHER, "circuit.state": state };
    return point(SHARED.status, attributes, countOf(rest, state));
  });
  return rest.length === 0 ? counts : [...counts, ...others];
}

/** Returns the data points of one circuit. */
export function pointsOfCircuit(circuit: SharedEntry): readonly DataPoint[] {
  const { name, scope, snapshot, report } = circuit;
  const own = { "circuit.name": name, "circuit.scope": scope };
  const state = stateOf(circuit);
  const { counts, isolation } = snapshot;
  const calls = { success: counts.successes, failure: counts.failures, late: counts.late };
  const told = report === undefined ? calls : { ...calls, rejected: report.rejections };
  const retryAfterMs = isolation?.remainingMs ?? snapshot.retryAfterMs;
  return [
    ...STATES.map((one) =>
      point(SHARED.status, { ...own, "circuit.state": one }, one === state ? 1 : 0),
    ),
    ...Object.entries(told).map(([outcome, count]) =>
      point(SHARED.calls, { ...own, "call.outcome": outcome }, count),
    ),
    ...(report?.failures ?? []).map(({ fault, limited, count }) =>
      point(
        SHARED.failures,
        { ...own, fault: fault ?? "unknown", limited: String(limited) },
        count,
      ),
    ),
    ...Object.entries(report?.transitions ?? {}).map(([reason, count]) =>
      point(SHARED.transitions, { ...own, "transition.reason": reason }, count),
    ),
    ...(report === undefined ? [] : [point(SHARED.openTime, own, report.openMs / 1000)]),
    point(SHARED.retryAfter, own, retryAfterMs / 1000),
  ];
}

function stateOf({ snapshot }: FleetEntry): State {
  if (snapshot.isolation !== null) return "isolated";
  return snapshot.state === "half-open" ? "half_open" : snapshot.state;
}

function countOf(circuits: readonly SharedEntry[], state: State): number {
  return circuits.filter((circuit) => stateOf(circuit) === state).length;
}

function point(
  instrument: Instrument,
  attributes: Readonly<Record<string, string>>,
  value: number,
): DataPoint {
  const named = Object.entries(attributes).map(([name, text]) => [`dagger_breaker.${name}`, text]);
  return { instrument, attributes: Object.fromEntries(named), value };
}
