/** The public API of the package: circuit breakers, the policies around them, and their telemetry. */

export type { AdmissionCheck } from "./breaker/calls/admission-check.js";
export type { Operation, OperationContext } from "./breaker/calls/calls.js";
export type { FailureDetail, Permit, SuccessDetail } from "./breaker/calls/permit.js";
// The breaker.
export {
  CircuitBreaker,
  type ExecuteOptions,
  type ExecuteResult,
  executeWithCircuitBreaker,
  type RecordDetail,
} from "./breaker/circuit-breaker.js";
export { CircuitState } from "./breaker/circuit-state.js";
// Time and chance, replaceable in tests.
export { type Clock, type Random, systemClock } from "./breaker/clock.js";
// Errors, metrics and events.
export {
  CircuitBreakerError,
  type CircuitBreakerErrorOptions,
  CircuitBreakerOpenError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
  type Rejection,
  type RejectionReason,
} from "./breaker/errors.js";
export type {
  CircuitBreakerEvents,
  Control,
  Listener,
  OutcomeEvent,
  RejectedEvent,
  StateChangeEvent,
  StateChangeReason,
} from "./breaker/events.js";
export type { CallCounts, CircuitBreakerMetrics } from "./breaker/metrics.js";
export type { CircuitBreakerOptions, Outcome } from "./breaker/options.js";
export type { FailureCount, TransitionCount } from "./breaker/tallies.js";
export type {
  BadSecondsOptions,
  ConsecutiveOptions,
  FailuresOptions,
  RateOptions,
  TripOptions,
} from "./breaker/trip/trip-options.js";
export type { TripSnapshot } from "./breaker/trip/trip-policy.js";
// Policies around a call.
export {
  type Bulkhead,
  type BulkheadCallOptions,
  BulkheadFullError,
  type BulkheadOptions,
  bulkhead,
  isBulkheadFullError,
} from "./policies/bulkhead.js";
export {
  createFallback,
  type Fallback,
  type FallbackOptions,
  type FallbackPolicyOptions,
  withFallback,
} from "./policies/fallback/fallback.js";
export { type LastGood, type LastGoodOptions, lastGood } from "./policies/fallback/last-good.js";
export {
  isLastGoodRefusedError,
  LastGoodRefusedError,
} from "./policies/fallback/last-good-scope.js";
export {
  checkResponse,
  isResponseError,
  ResponseError,
  type ResponseLike,
  type ResponseOutcome,
  responseOutcome,
} from "./policies/response.js";
export {
  createRetry,
  type Retry,
  type RetryCallOptions,
  type RetryContext,
  type RetryEvent,
  type RetryOperation,
  type RetryOptions,
  type RetryPolicyOptions,
  retryWithBackoff,
} from "./policies/retry/retry.js";
export { RetryBudget, type RetryBudgetOptions } from "./policies/retry/retry-budget.js";
export {
  createTimeout,
  isTimeoutError,
  type Timeout,
  type TimeoutContext,
  TimeoutError,
  type TimeoutOperation,
  type TimeoutOptions,
  type TimeoutPolicyOptions,
  withTimeout,
} from "./policies/timeout.js";
export {
  type AwaitedBreaker,
  createWait,
  executeWhenAdmitted,
  isWaitersFullError,
  type Wait,
  WaitersFullError,
  type WaitOptions,
  type WaitPolicyOptions,
} from "./policies/wait.js";
export {
  type Policy,
  type PolicyCallOptions,
  type WrapContext,
  type WrapOperation,
  type Wrapped,
  wrap,
} from "./policies/wrap.js";
// Named breakers.
export {
  defaultRegistry,
  getAllCircuitBreakers,
  getCircuitBreaker,
  resetAllCircuitBreakers,
} from "./registry/default-registry.js";
export {
  createRegistry,
  isRegistryFullError,
  type NamedBreakerOptions,
  type Registry,
  RegistryFullError,
  type RegistryOptions,
} from "./registry/registry.js";

// Telemetry.
export { DIAGNOSTICS_CHANNELS, publishDiagnostics } from "./telemetry/diagnostics.js";
export {
  type Health,
  type HealthCircuitsOptions,
  type HealthyBody,
  health,
} from "./telemetry/health/health.js";
export type {
  HealthCircuit,
  HealthCircuitsBody,
  HealthErrorBody,
  HealthReply,
  HealthState,
} from "./telemetry/health/health-reply.js";
export {
  type FieldsLogger,
  type LogFormat,
  type Logger,
  type LogOptions,
  logTo,
  type MessageLogger,
} from "./telemetry/log.js";
export {
  METRICS_CONTENT_TYPE,
  type MetricsTextOptions,
  metricsText,
} from "./telemetry/metrics-text.js";
export type { GuardedClient } from "./telemetry/source.js";
