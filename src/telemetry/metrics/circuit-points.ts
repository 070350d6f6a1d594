/** Turns snapshots of breakers into data points. Pure, so that every exporter can use it. */

import type { CircuitBreakerMetrics } from "../../breaker/metrics.js";
import type { TransitionCount } from "../../breaker/tallies.js";
import type { GuardCounts } from "../../guard/guard-counts.js";
import { pointsOfGuard } from "./guard-points.js";
import {
  CONTROL,
  ERROR_TYPE,
  FAULT,
  FROM,
  LIMITED,
  LOCAL,
  NAME,
  OUTCOME,
  REASON,
  STATE,
  TO,
} from "./instruments.js";
import {
  type Attributes,
  type DataPoint,
  mayBeNamed,
  OTHER,
  point,
  type Selection,
  STATES,
  type StateName,
  wordOf,
} from "./point.js";

/** A breaker of this process, with what guards have counted for it. */
export interface LocalCircuit extends CircuitBreakerMetrics {
  readonly guard: GuardCounts | undefined;
}

const CONTROLS = ["automatic", "observe", "disabled", "isolated"] as const;

const CLOSING: TransitionCount = {
  from: "half-open",
  to: "closed",
  reason: "probe-succeeded",
  count: 0,
};

/**
 * Sorts circuits by how much they need data points of their own. Circuits that are not closed come first.
 * Circuits that have ever changed state follow, so that a short outage stays visible afterwards. The others
 * are sorted by name, so that each export selects the same ones.
 */
export function byImportance(circuits: readonly LocalCircuit[]): LocalCircuit[] {
  return [...circuits].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function rank(circuit: CircuitBreakerMetrics): number {
  if (stateOf(circuit) !== "closed") return 0;
  return hasChanged(circuit) ? 1 : 2;
}

export function hasChanged({ metrics }: CircuitBreakerMetrics): boolean {
  return metrics.stateChanges > 0;
}

/** Selects at most `maxCircuits` circuits for data points of their own. */
export function selectCircuits(
  circuits: readonly LocalCircuit[],
  maxCircuits: number,
): Selection<LocalCircuit> {
  const named = byImportance(circuits.filter(mayBeNamed)).slice(0, maxCircuits);
  const kept = new Set(named);
  return { named, others: circuits.filter((one) => !kept.has(one)) };
}

/**
 * Returns the data points of breakers: those of each named circuit, and the sums of the others as `_OTHER`.
 * The sums include no counters. A counter would fall when a circuit leaves the sum, and Prometheus would
 * take that for a restart.
 */
export function pointsOfCircuits({ named, others }: Selection<LocalCircuit>): readonly DataPoint[] {
  const rest = { [NAME]: OTHER };
  return [
    ...STATES.map((state) =>
      point(LOCAL.circuits, { [STATE]: state }, countOf(named, state) + countOf(others, state)),
    ),
    ...named.flatMap((circuit) => {
      const own = { [NAME]: circuit.name };
      return [...sumsOf([circuit], own), ...pointsOfCircuit(circuit, own)];
    }),
    ...(others.length === 0 ? [] : sumsOf(others, rest)),
  ];
}

/** Returns the numbers of circuits in each state and of calls in flight. */
function sumsOf(circuits: readonly CircuitBreakerMetrics[], own: Attributes): DataPoint[] {
  const inFlight = circuits.reduce((sum, { inFlightCount }) => sum + inFlightCount, 0);
  return [
    ...STATES.map((state) =>
      point(LOCAL.status, { ...own, [STATE]: state }, countOf(circuits, state)),
    ),
    ...CONTROLS.map((control) => {
      const count = circuits.filter((one) => one.control === control).length;
      return point(LOCAL.control, { ...own, [CONTROL]: control }, count);
    }),
    point(LOCAL.inFlight, own, inFlight),
  ];
}

function pointsOfCircuit(circuit: LocalCircuit, own: Attributes): DataPoint[] {
  const { retryAfterMs, metrics, failures, transitions, openTimeMs } = circuit;
  const isolatedMs = circuit.control === "isolated" ? circuit.stateAgeMs : 0;
  const calls = {
    success: metrics.successCount,
    failure: metrics.failureCount,
    ignored: metrics.ignoredCount,
    late: metrics.lateCount,
    rejected: metrics.rejectedCount,
    would_reject: metrics.wouldRejectCount,
  };
  return [
    ...(retryAfterMs === undefined ? [] : [point(LOCAL.retryAfter, own, retryAfterMs / 1000)]),
    ...Object.entries(calls).map(([outcome, count]) =>
      point(LOCAL.calls, { ...own, [OUTCOME]: outcome }, count),
    ),
    ...failures.map(({ type, fault, limited, count }) => {
      const kind = { [ERROR_TYPE]: type, ...(fault !== undefined && { [FAULT]: fault }) };
      return point(LOCAL.failures, { ...own, ...kind, [LIMITED]: String(limited) }, count);
    }),
    ...withClosings(transitions).map(({ from, to, reason, count }) => {
      const change = { [FROM]: wordOf(from), [TO]: wordOf(to), [REASON]: wordOf(reason) };
      return point(LOCAL.transitions, { ...own, ...change }, count);
    }),
    point(LOCAL.openTime, own, openTimeMs / 1000),
    point(LOCAL.isolationAge, own, isolatedMs / 1000),
    ...(circuit.guard === undefined ? [] : pointsOfGuard(circuit.name, circuit.guard)),
  ];
}

/**
 * Adds the number of closings by a probe where it is 0. `increase` in Prometheus counts from the first value of
 * a series, so it would miss the first closing of a series that begins with it.
 */
function withClosings(transitions: readonly TransitionCount[]): readonly TransitionCount[] {
  if (transitions.some(({ reason }) => reason === CLOSING.reason)) return transitions;
  return [...transitions, CLOSING];
}

function countOf(circuits: readonly CircuitBreakerMetrics[], state: StateName): number {
  return circuits.filter((circuit) => stateOf(circuit) === state).length;
}

function stateOf({ state, control }: CircuitBreakerMetrics): StateName {
  if (control === "isolated") return "isolated";
  return state === "half-open" ? "half_open" : state;
}
