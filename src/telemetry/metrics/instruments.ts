/** The names, units and kinds of all metrics. A renamed metric breaks dashboards, so a test holds this list. */

/** One metric, in OpenTelemetry's terms. */
export interface Instrument {
  readonly name: string;
  /** A counter never decreases; an up-down counter and a gauge do. */
  readonly kind: "counter" | "upDownCounter" | "gauge";
  readonly unit: string;
  readonly description: string;
}

/** One value of a metric. */
export interface DataPoint {
  readonly instrument: Instrument;
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics of circuits that a store keeps. */
export const SHARED = {
  circuits: {
    name: "dagger_breaker.shared.circuits",
    kind: "upDownCounter",
    unit: "{circuit}",
    description: "Number of shared circuits by state, including those that are not listed.",
  },
  status: {
    name: "dagger_breaker.shared.circuit.status",
    kind: "upDownCounter",
    unit: "1",
    description: "1 for the state of a shared circuit, 0 for all others.",
  },
  calls: {
    name: "dagger_breaker.shared.circuit.calls",
    kind: "counter",
    unit: "{call}",
    description: "Calls by outcome.",
  },
  failures: {
    name: "dagger_breaker.shared.circuit.failures",
    kind: "counter",
    unit: "{failure}",
    description: "Failures by fault and rate limit.",
  },
  transitions: {
    name: "dagger_breaker.shared.circuit.transitions",
    kind: "counter",
    unit: "{transition}",
    description: "State changes by reason.",
  },
  openTime: {
    name: "dagger_breaker.shared.circuit.open.time",
    kind: "counter",
    unit: "s",
    description: "Time in which a shared circuit admitted no calls.",
  },
  retryAfter: {
    name: "dagger_breaker.shared.circuit.retry_after",
    kind: "gauge",
    unit: "s",
    description: "Time until a shared circuit admits a probe.",
  },
} as const satisfies Readonly<Record<string, Instrument>>;
