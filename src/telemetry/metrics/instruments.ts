/**
 * Lists the metrics: their names, kinds, units and attributes. A test contains the same list, so that no
 * metric is renamed by accident. That would break users' dashboards.
 */

type InstrumentKind = "counter" | "updown" | "gauge" | "histogram";

export interface Instrument {
  readonly name: string;
  readonly kind: InstrumentKind;
  /** The unit in UCUM notation, which OpenTelemetry uses. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
}

type Instruments = Readonly<Record<string, Instrument>>;

/** The names of the attributes. */
export const NAME = "dagger_breaker.circuit.name";
export const SCOPE = "dagger_breaker.circuit.scope";
export const STATE = "dagger_breaker.circuit.state";
export const CONTROL = "dagger_breaker.circuit.control";
export const OUTCOME = "dagger_breaker.call.outcome";
export const ERROR_TYPE = "error.type";
export const FAULT = "dagger_breaker.fault";
export const LIMITED = "dagger_breaker.limited";
export const FROM = "dagger_breaker.transition.from";
export const TO = "dagger_breaker.transition.to";
export const REASON = "dagger_breaker.transition.reason";
export const WAIT_RESULT = "dagger_breaker.wait.result";
export const STORE_KIND = "dagger_breaker.store.kind";
export const STORE_STATE = "dagger_breaker.store.state";
export const COMMAND_RESULT = "dagger_breaker.command.result";
export const RUN_RESULT = "cicd.pipeline.task.run.result";

/** The metrics of the breakers of this process. */
export const LOCAL = {
  circuits: {
    name: "dagger_breaker.circuits",
    kind: "updown",
    unit: "{circuit}",
    description: "Circuits by state, including those without series of their own.",
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
    description:
      "1 for the current control of the circuit (automatic, observe, disabled or isolated), 0 for the others.",
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
  isolationAge: {
    name: "dagger_breaker.circuit.isolation.age",
    kind: "gauge",
    unit: "s",
    description: "Time since the circuit was isolated. 0 while it is not.",
    attributes: [NAME],
  },
} as const satisfies Instruments;

/** The metrics of a guard, exported by the process that runs the guard. */
export const GUARD = {
  avoidedRequests: {
    name: "dagger_breaker.upstream.avoided_requests",
    kind: "counter",
    unit: "{request}",
    description:
      "Requests that were not sent to a registry during its rate limit, because pulls were rejected.",
    attributes: [NAME],
  },
  pinnedImages: {
    name: "dagger_breaker.upstream.pinned_images",
    kind: "counter",
    unit: "{image}",
    description: "Images requested by a known digest instead of their tag.",
    attributes: [NAME],
  },
  lockedImages: {
    name: "dagger_breaker.upstream.locked_images",
    kind: "counter",
    unit: "{image}",
    description: "Images used by the digest in Dagger's lock file.",
    attributes: [NAME],
  },
  mirroredImages: {
    name: "dagger_breaker.upstream.mirrored_images",
    kind: "counter",
    unit: "{image}",
    description: "Images requested from a mirror, because the circuit of this registry was open.",
    attributes: [NAME],
  },
  waits: {
    name: "dagger_breaker.upstream.waits",
    kind: "counter",
    unit: "{wait}",
    description: "Requests that waited for the circuit, by how the wait ended.",
    attributes: [NAME, WAIT_RESULT],
  },
  waitTime: {
    name: "dagger_breaker.upstream.wait.time",
    kind: "counter",
    unit: "s",
    description: "Time that requests waited for the circuit.",
    attributes: [NAME],
  },
  lostSessions: {
    name: "dagger_breaker.engine.lost_sessions",
    kind: "counter",
    unit: "{session}",
    description: "Sessions that the engine lost.",
    attributes: [NAME],
  },
} as const satisfies Instruments;

/** The metrics of a fleet's store, as one process sees it. */
export const STORE = {
  status: {
    name: "dagger_breaker.store.status",
    kind: "updown",
    unit: "1",
    description: "1 for the state of the store as this process sees it, 0 for the other state.",
    attributes: [STORE_KIND, STORE_STATE],
  },
  commands: {
    name: "dagger_breaker.store.commands",
    kind: "counter",
    unit: "{command}",
    description: "Commands to the store, by result: sent, failed, timed out, or not sent.",
    attributes: [STORE_KIND, COMMAND_RESULT],
  },
  dropped: {
    name: "dagger_breaker.store.dropped",
    kind: "counter",
    unit: "{outcome}",
    description: "Outcomes that the store did not get, because it was down or failed.",
    attributes: [STORE_KIND],
  },
} as const satisfies Instruments;

/** The metrics of shared circuits, read from a store. */
export const SHARED = {
  circuits: {
    name: "dagger_breaker.shared.circuits",
    kind: "updown",
    unit: "{circuit}",
    description: "Number of shared circuits by state, including those that are not listed.",
    attributes: [STATE],
  },
  status: {
    name: "dagger_breaker.shared.circuit.status",
    kind: "updown",
    unit: "1",
    description: "1 for the state of a shared circuit, 0 for all others.",
    attributes: [NAME, SCOPE, STATE],
  },
  calls: {
    name: "dagger_breaker.shared.circuit.calls",
    kind: "counter",
    unit: "{call}",
    description: "Calls by outcome.",
    attributes: [NAME, SCOPE, OUTCOME],
  },
  failures: {
    name: "dagger_breaker.shared.circuit.failures",
    kind: "counter",
    unit: "{failure}",
    description: "Failures by the component at fault, and by whether they were rate limits.",
    attributes: [NAME, SCOPE, FAULT, LIMITED],
  },
  transitions: {
    name: "dagger_breaker.shared.circuit.transitions",
    kind: "counter",
    unit: "{transition}",
    description: "State changes by reason.",
    attributes: [NAME, SCOPE, REASON],
  },
  openTime: {
    name: "dagger_breaker.shared.circuit.open.time",
    kind: "counter",
    unit: "s",
    description: "Time in which a shared circuit admitted no calls.",
    attributes: [NAME, SCOPE],
  },
  retryAfter: {
    name: "dagger_breaker.shared.circuit.retry_after",
    kind: "gauge",
    unit: "s",
    description: "Time until a shared circuit admits a probe, or until its isolation ends.",
    attributes: [NAME, SCOPE],
  },
  probeOverdue: {
    name: "dagger_breaker.shared.circuit.probe.overdue",
    kind: "gauge",
    unit: "s",
    description: "Time for which a shared circuit has been half-open beyond the lease of a probe.",
    attributes: [NAME, SCOPE],
  },
  isolationAge: {
    name: "dagger_breaker.shared.circuit.isolation.age",
    kind: "gauge",
    unit: "s",
    description: "Time since a shared circuit was isolated. 0 while it is not.",
    attributes: [NAME, SCOPE],
  },
} as const satisfies Instruments;

/** The metrics of whole commands that `run` has executed. */
export const RUNS = {
  duration: {
    name: "dagger_breaker.run.duration",
    kind: "histogram",
    unit: "s",
    description: "Durations of runs by result.",
    attributes: [SCOPE, RUN_RESULT],
  },
  errors: {
    name: "dagger_breaker.run.errors",
    kind: "counter",
    unit: "{run}",
    description: "Number of runs whose result is `error`, by the component at fault.",
    attributes: [SCOPE, ERROR_TYPE],
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
    description: "Low estimate of the time that rejected runs would have taken to fail.",
    attributes: [SCOPE],
  },
} as const satisfies Instruments;

/** All metrics, grouped by their source. */
export const INSTRUMENTS = { local: LOCAL, guard: GUARD, store: STORE, shared: SHARED, runs: RUNS };
