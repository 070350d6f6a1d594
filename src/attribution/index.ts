/** Attribution: whose fault a failure is, and which hosts a request names. Pure, without I/O. */

export { type Classifier, type ClassifierOptions, createClassifier } from "./classifier.js";
export { classifyFailure } from "./classify-failure.js";
export { classifyResponse } from "./classify-response.js";
export type {
  Failure,
  FailureContext,
  Fault,
  GraphQLRequest,
  SessionResponse,
  UpstreamKind,
} from "./failure.js";
export type { Use } from "./frames.js";
export { breakerName, type ImageReference, parseImageReference } from "./hosts.js";
export { MAX_QUERY_LENGTH, type UpstreamReference } from "./query-reading.js";
export { upstreamsOfQuery } from "./query-upstreams.js";
export type { StructuredFacts } from "./reading.js";
export { redact } from "./redact.js";
export { FALLBACK_RULES } from "./rules/fallback.js";
export { ATTRIBUTION_RULES } from "./rules/index.js";
export type { AttributionRule, Condition, Example, FailureReading } from "./rules/rule.js";
export { type Evidence, type EvidenceOptions, evidenceFromSpans } from "./spans/evidence.js";
export type { EngineSpan } from "./spans/span.js";
export type { Outcome } from "./vocabulary.js";
