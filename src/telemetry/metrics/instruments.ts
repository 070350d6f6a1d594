/**
 * The names, units and kinds of all metrics. A renamed metric breaks dashboards, so a test compares
 * this list.
 */

import type { Instrument } from "../instruments.js";
import type { Point } from "../points.js";

/** One value of a metric. */
export interface DataPoint extends Point {
  readonly instrument: Instrument;
  /** The part of a histogram. */
  readonly part?: "bucket" | "sum" | "count";
}

const SCOPE = "dagger_breaker.circuit.scope";
const CIRCUIT = ["dagger_breaker.circuit.name", SCOPE];

/** The metrics of circuits that a store keeps. */
export const SHARED = {
  circuits: {
    name: "dagger_breaker.shared.circuits",
    kind: "updown",
    unit: "{circuit}",
    description: "Number of shared circuits by state, including those that are not listed.",
    attributes: ["dagger_breaker.circuit.state"],
  },
  status: {
    name: "dagger_breaker.shared.circuit.status",
    kind: "updown",
    unit: "1",
    description: "1 for the state of a shared circuit, 0 for all others.",
    attributes: [...CIRCUIT, "dagger_breaker.circuit.state"],
  },
  calls: {
    name: "dagger_breaker.shared.circuit.calls",
    kind: "counter",
    unit: "{call}",
    description: "Calls by outcome.",
    attributes: [...CIRCUIT, "dagger_breaker.call.outcome"],
  },
  failures: {
    name: "dagger_breaker.shared.circuit.failures",
    kind: "counter",
    unit: "{failure}",
    description: "Failures by fault and rate limit.",
    attributes: [...CIRCUIT, "dagger_breaker.fault", "dagger_breaker.limited"],
  },
  transitions: {
    name: "dagger_breaker.shared.circuit.transitions",
    kind: "counter",
    unit: "{transition}",
    description: "State changes by reason.",
    attributes: [...CIRCUIT, "dagger_breaker.transition.reason"],
  },
  openTime: {
    name: "dagger_breaker.shared.circuit.open.time",
    kind: "counter",
    unit: "s",
    description: "Time in which a shared circuit admitted no calls.",
    attributes: CIRCUIT,
  },
  retryAfter: {
    name: "dagger_breaker.shared.circuit.retry_after",
    kind: "gauge",
    unit: "s",
    description: "Time until a shared circuit admits a probe.",
    attributes: CIRCUIT,
  },
} as const satisfies Readonly<Record<string, Instrument>>;

/** The metrics of runs of command lines. */
export const RUNS = {
  duration: {
    name: "dagger_breaker.run.duration",
    kind: "histogram",
    unit: "s",
    description: "Durations of runs by result.",
    attributes: [SCOPE, "cicd.pipeline.task.run.result"],
  },
  errors: {
    name: "dagger_breaker.run.errors",
    kind: "counter",
    unit: "{run}",
    description: "Runs with the result error, by the component at fault.",
    attributes: [SCOPE, "error.type"],
  },
  waitTime: {
    name: "dagger_breaker.run.wait_time",
    kind: "counter",
    unit: "s",
    description: "Time that runs waited for circuits.",
    attributes: [SCOPE],
  },
  avoidedTime: {
    name: "dagger_breaker.run.avoided_time",
    kind: "counter",
    unit: "s",
    description: "Low estimate of the time until rejected runs would have failed.",
    attributes: [SCOPE],
  },
} as const satisfies Readonly<Record<string, Instrument>>;
