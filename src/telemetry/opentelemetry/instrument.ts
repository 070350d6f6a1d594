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
  /** The meter of the metrics. Default: that of the global meter provider, which must be set before. */
  readonly meter?: MeterLike | undefined;
  /** The logger of the events. Default: that of the global logger provider. */
  readonly logger?: LoggerLike | undefined;
  /**
   * Maximum number of circuits that get series of their own while the process runs, 1 to 10,000. Circuits that are
   * not closed come first; the rest is summed as `_OTHER`. For more than 300, set the cardinality limit of your
   * metric reader to seven times as many. The sources of one meter share the largest number. Default: 300.
   */
  readonly maxCircuits?: number | undefined;
}

/** Metrics and events that are being exported. */
export interface Instrumentation {
  /** Stops the export. The SDK repeats the last values, so stop only when you shut down the SDK as well. */
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
 * Exports the metrics and changes of all breakers of a registry, of the guard of a Dagger client, or of a fleet.
 * Metrics are read when your SDK collects them, in one callback for each meter. Nothing listens to single calls.
 *
 * @throws TypeError for any other source, or for an unknown or invalid option. RangeError for a bound
 * out of range.
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
