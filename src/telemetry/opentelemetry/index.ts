/** Metrics and events for OpenTelemetry. Needs `@opentelemetry/api` and `@opentelemetry/api-logs`. */

export type { GuardedClient } from "../source.js";
export { type Instrumentation, type InstrumentOptions, instrument } from "./instrument.js";
export type {
  CollectionCallback,
  EventRecord,
  LoggerLike,
  MeterInstrumentOptions,
  MeterLike,
  ObservationResult,
} from "./otel-api.js";
