/**
 * Receives the engine's spans on loopback, and forwards them unchanged to the user's collector. Returns the
 * hosts that each request contacted.
 */

export type { EngineSpan } from "../attribution/spans/span.js";
export {
  collectorOf,
  type EngineEnvironment,
  type Environment,
  engineEnvironment,
  type TraceCollector,
} from "./environment.js";
export { decodeSpans, TracesUndecodableError } from "./otlp/decode.js";
export { encodeSpans, type OwnAttribute, type OwnSpan } from "./otlp/encode.js";
export {
  type SpansListener,
  startTraceReceiver,
  type TraceReceiver,
  type TraceReceiverMetrics,
} from "./receiver/receiver.js";
export type { TraceReceiverOptions } from "./receiver/receiver-options.js";
export {
  childOf,
  parseTraceparent,
  type TraceContext,
  type TraceParent,
} from "./trace-context.js";
