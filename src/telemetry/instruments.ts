/** The metrics of breakers: their names, kinds, units and attributes. Dashboards rely on all of them. */

/** The kind of an instrument, in the words of OpenTelemetry. */
type InstrumentKind = "counter" | "updown" | "gauge" | "histogram";

/** One metric. */
export interface Instrument {
  readonly name: string;
  readonly kind: InstrumentKind;
  /** The unit in UCUM, as OpenTelemetry writes it. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
}

export const NAME = "dagger_breaker.circuit.name";
export const STATE = "dagger_breaker.circuit.state";
export const CONTROL = "dagger_breaker.circuit.control";
export const OUTCOME = "dagger_breaker.call.outcome";
export const ERROR_TYPE = "error.type";
export const FAULT = "dagger_breaker.fault";
export const LIMITED = "dagger_breaker.limited";
export const FROM = "dagger_breaker.transition.from";
export const TO = "dagger_breaker.transition.to";
export const REASON = "dagger_breaker.transition.reason";

/** All metrics, by a short name. Dashboards use the long names, so a test compares this list. */
export const INSTRUMENTS = {
  circuits: {
    name: "dagger_breaker.circuits",
    kind: "updown",
    unit: "{circuit}",
    description: "Circuits by state, complete whatever the bound on names.",
    attributes: [STATE],
  },
  status: {
    name: "dagger_breaker.circuit.status",
    kind: "updown",
    unit: "1",
    description: "1 for the state of the circuit, 0 for each other state.",
    attributes: [NAME, STATE],
  },
  control: {
    name: "dagger_breaker.circuit.control.status",
    kind: "updown",
    unit: "1",
    description: "1 for the control of the circuit, 0 for each other control.",
    attributes: [NAME, CONTROL],
  },
  inFlight: {
    name: "dagger_breaker.circuit.in_flight",
    kind: "updown",
    unit: "{call}",
    description: "Admitted calls that have not settled.",
    attributes: [NAME],
  },
  retryAfter: {
    name: "dagger_breaker.circuit.retry_after",
    kind: "gauge",
    unit: "s",
    description: "Time until the circuit admits a call. Absent while it is isolated.",
    attributes: [NAME],
  },
  calls: {
    name: "dagger_breaker.circuit.calls",
    kind: "counter",
    unit: "{call}",
    description: "Calls by outcome.",
    attributes: [NAME, OUTCOME],
  },
  failures: {
    name: "dagger_breaker.circuit.failures",
    kind: "counter",
    unit: "{failure}",
    description: "Failures by kind.",
    attributes: [NAME, ERROR_TYPE, FAULT, LIMITED],
  },
  transitions: {
    name: "dagger_breaker.circuit.transitions",
    kind: "counter",
    unit: "{transition}",
    description: "Changes of state.",
    attributes: [NAME, FROM, TO, REASON],
  },
  openTime: {
    name: "dagger_breaker.circuit.open.time",
    kind: "counter",
    unit: "s",
    description: "Time for which the circuit was open, isolation included.",
    attributes: [NAME],
  },
} as const satisfies Readonly<Record<string, Instrument>>;
