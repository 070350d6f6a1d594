/**
 * Traces: the spans of the engine as a witness of what a pipeline contacted, received on loopback
 * and passed on unchanged to the collector that the user had set.
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
