/** Exports metrics and events through OpenTelemetry. */

import { metrics } from "@opentelemetry/api";
import { logs } from "@opentelemetry/api-logs";
import type { Fleet } from "../../fleet/client/fleet.js";
import { numberField, objectField, readOptions } from "../../options/check.js";
import type { Registry } from "../../registry/registry.js";
import { type GuardedClient, sourceOf } from "../source.js";
import { collect } from "./collection.js";
import type { LoggerLike, MeterLike } from "./otel-api.js";
import { sendTransitions } from "./transition-events.js";

/** The instrumentation scope of all metrics and events. */
const SCOPE_NAME = "dagger-circuit-breaker";

/** Options of `instrument`. */
export interface InstrumentOptions {
  /** The meter of the metrics. Default: the meter of the global meter provider, which you must set first. */
  readonly meter?: MeterLike | undefined;
  /** The logger of the events. Default: the logger of the global logger provider. */
  readonly logger?: LoggerLike | undefined;
  /**
   * Maximum number of circuits that get series of their own while the process runs, 1 to 10,000. Circuits
   * that are not closed come first. The other circuits are added up as `_OTHER`. For more than 300
   * circuits, set the cardinality limit of your metric reader to seven times this number. When several
   * sources share a meter, the largest number applies. Default: 300.
   */
  readonly maxCircuits?: number | undefined;
}

/** A running export of metrics and events. */
export interface Instrumentation {
  /** Stops the export. The SDK would repeat the last values, so stop only when you also shut down the SDK. */
  stop(): void;
  /** Same as `stop`. */
  [Symbol.dispose](): void;
}

const FIELDS = {
  meter: objectField<MeterLike, undefined>(undefined, [
    "createObservableCounter",
    "createObservableUpDownCounter",
    "createObservableGauge",
    "addBatchObservableCallback",
    "removeBatchObservableCallback",
  ]),
  logger: objectField<LoggerLike, undefined>(undefined, ["emit"]),
  maxCircuits: numberField(300, { min: 1, max: 10_000, whole: true }),
};

/**
 * Exports the metrics and changes of a registry's breakers, of a Dagger client's guard, or of a fleet.
 * Metrics are read when your SDK collects them, in one callback for each meter. Nothing listens to single
 * calls.
 *
 * @throws TypeError for any other source, or for an unknown or invalid option. RangeError when
 * `maxCircuits` is out of range.
 * @example
 * ```ts
 * import { defaultRegistry } from "dagger-circuit-breaker";
 * import { instrument } from "dagger-circuit-breaker/opentelemetry";
 *
 * const instrumentation = instrument(defaultRegistry);
 * process.once("beforeExit", () => instrumentation.stop());
 * ```
 */
export function instrument(
  source: Registry | GuardedClient | Fleet,
  options?: InstrumentOptions,
): Instrumentation {
  const settings = readOptions("instrument", options, FIELDS);
  const of = sourceOf(source);
  const meter: MeterLike = settings.meter ?? metrics.getMeter(SCOPE_NAME);
  const logger: LoggerLike = settings.logger ?? logs.getLogger(SCOPE_NAME);
  const offs = [
    collect(meter, { of, maxCircuits: settings.maxCircuits }),
    sendTransitions(of, logger),
  ];
  const stop = () => {
    for (const off of offs.splice(0)) off();
  };
  return { stop, [Symbol.dispose]: stop };
}
