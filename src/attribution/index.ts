/**
 * Finds the component at fault for a failure, and the hosts that a request names. All functions are pure:
 * they do no I/O.
 */

export {
  type Classifier,
  type ClassifierOptions,
  createClassifier,
} from "./classify/classifier.js";
export { classifyFailure } from "./classify/classify-failure.js";
export { classifyResponse } from "./classify/classify-response.js";
export type {
  Failure,
  FailureContext,
  Fault,
  GraphQLRequest,
  SessionResponse,
  UpstreamKind,
} from "./failure.js";
export { breakerName, type ImageReference, parseImageReference } from "./hosts.js";
export type { UpstreamReference } from "./query/named-upstream.js";
export { upstreamsOfQuery } from "./query/query-upstreams.js";
export { MAX_QUERY_LENGTH } from "./query/read-request.js";
export type { Use } from "./reading/frames.js";
export type { StructuredFacts } from "./reading/reading.js";
export type { WordedOutcome } from "./reading/words/vocabulary.js";
export { redact } from "./redact.js";
export { FALLBACK_RULES } from "./rules/fallback.js";
export { ATTRIBUTION_RULES } from "./rules/index.js";
export type { AttributionRule, Condition, Example, FailureReading } from "./rules/rule.js";
export { type Evidence, type EvidenceOptions, evidenceFromSpans } from "./spans/evidence.js";
export type { EngineSpan } from "./spans/span.js";
