/** Turns snapshots of breakers into data points. Pure, so that every exporter can use it. */

import type { CircuitBreakerMetrics } from "../breaker/metrics.js";
import {
  CONTROL,
  ERROR_TYPE,
  FAULT,
  FROM,
  INSTRUMENTS,
  type Instrument,
  LIMITED,
  NAME,
  OUTCOME,
  REASON,
  STATE,
  TO,
} from "./instruments.js";

/** One value of a metric. */
export interface Point {
  readonly value: number;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A metric with its values. */
export interface Metric {
  readonly instrument: Instrument;
  readonly points: readonly Point[];
}

/** The circuit name of the sums over all circuits beyond `maxCircuits`. */
const OTHER = "_OTHER";

const STATES = ["closed", "open", "half_open", "isolated"] as const;
const CONTROLS = ["automatic", "observe", "disabled", "isolated"] as const;
type StateName = (typeof STATES)[number];

/**
 * Returns the data points of breakers: at most `maxCircuits` of them by name, and the rest as one
 * sum, `_OTHER`.
 *
 * Circuits that are not closed come first, then those that have ever changed state, so that a short
 * outage is still exported after it. Others are sorted by name, so that the same ones are exported
 * each time. `_OTHER` has no counters: they would fall when a circuit leaves it, and Prometheus
 * takes a falling counter for a restart.
 */
export function pointsOf(
  circuits: readonly CircuitBreakerMetrics[],
  maxCircuits: number,
): readonly Metric[] {
  const [named, others] = selected(circuits, maxCircuits);
  const each = (points: (circuit: CircuitBreakerMetrics) => readonly Point[]) =>
    named.flatMap((circuit) =>
      points(circuit).map(({ value, attributes }) => ({
        value,
        attributes: { [NAME]: circuit.name, ...attributes },
      })),
    );
  const { circuits: all, status, control, inFlight, retryAfter } = INSTRUMENTS;
  const { calls, failures, transitions, openTime } = INSTRUMENTS;
  const metric = (instrument: Instrument, points: readonly Point[]) => ({ instrument, points });
  return [
    metric(all, statePoints(circuits)),
    metric(status, [...each((one) => statePoints([one])), ...ofOthers(others, statePoints)]),
    metric(control, [...each((one) => controlPoints([one])), ...ofOthers(others, controlPoints)]),
    metric(inFlight, [
      ...each((one) => inFlightPoints([one])),
      ...ofOthers(others, inFlightPoints),
    ]),
    metric(retryAfter, each(retryPoints)),
    metric(calls, each(callPoints)),
    metric(failures, each(failurePoints)),
    metric(transitions, each(transitionPoints)),
    metric(
      openTime,
      each(({ openTimeMs }) => [point(openTimeMs / 1000)]),
    ),
  ];
}

function selected(circuits: readonly CircuitBreakerMetrics[], maxCircuits: number) {
  const order = (one: CircuitBreakerMetrics) =>
    stateName(one) !== "closed" ? 0 : one.metrics.stateChanges > 0 ? 1 : 2;
  const sorted = circuits
    .filter(({ name }) => mayBeLabel(name))
    .sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
  const named = sorted.slice(0, maxCircuits);
  const kept = new Set(named);
  return [named, circuits.filter((one) => !kept.has(one))] as const;
}

/**
 * Returns whether a name can be exported unchanged. UTF-8 has no form for a lone surrogate, so two
 * names could become one.
 */
function mayBeLabel(name: string): boolean {
  return name !== OTHER && !/\p{Surrogate}/u.test(name);
}

function point(value: number, attributes: Readonly<Record<string, string>> = {}): Point {
  return { value, attributes };
}

type Circuits = readonly CircuitBreakerMetrics[];

function ofOthers(others: Circuits, points: (circuits: Circuits) => readonly Point[]): Point[] {
  if (others.length === 0) return [];
  return points(others).map(({ value, attributes }) =>
    point(value, { [NAME]: OTHER, ...attributes }),
  );
}

function statePoints(circuits: Circuits): Point[] {
  const states = circuits.map(stateName);
  return STATES.map((state) =>
    point(states.filter((one) => one === state).length, { [STATE]: state }),
  );
}

function stateName({ state, control }: CircuitBreakerMetrics): StateName {
  if (control === "isolated") return "isolated";
  return state === "half-open" ? "half_open" : state;
}

function controlPoints(circuits: Circuits): Point[] {
  return CONTROLS.map((control) =>
    point(circuits.filter((one) => one.control === control).length, { [CONTROL]: control }),
  );
}

function inFlightPoints(circuits: Circuits): Point[] {
  return [point(circuits.reduce((sum, { inFlightCount }) => sum + inFlightCount, 0))];
}

function retryPoints({ retryAfterMs }: CircuitBreakerMetrics): Point[] {
  return retryAfterMs === undefined ? [] : [point(retryAfterMs / 1000)];
}

function callPoints({ metrics }: CircuitBreakerMetrics): Point[] {
  return Object.entries({
    success: metrics.successCount,
    failure: metrics.failureCount,
    ignored: metrics.ignoredCount,
    late: metrics.lateCount,
    rejected: metrics.rejectedCount,
    would_reject: metrics.wouldRejectCount,
  }).map(([outcome, count]) => point(count, { [OUTCOME]: outcome }));
}

function failurePoints({ failures }: CircuitBreakerMetrics): Point[] {
  return failures.map(({ type, fault, limited, count }) =>
    point(count, {
      [ERROR_TYPE]: type,
      ...(fault !== undefined && { [FAULT]: fault }),
      [LIMITED]: String(limited),
    }),
  );
}

function transitionPoints({ transitions }: CircuitBreakerMetrics): Point[] {
  return transitions.map(({ from, to, reason, count }) =>
    point(count, { [FROM]: wordOf(from), [TO]: wordOf(to), [REASON]: wordOf(reason) }),
  );
}

/** Writes `half-open` as `half_open`, as metrics do. */
function wordOf(word: string): string {
  return word.replaceAll("-", "_");
}
