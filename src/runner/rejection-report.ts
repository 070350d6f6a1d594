/** What a run reports of the circuits that refused it. */

import { isCircuitBreakerError, isCircuitBreakerOpenError } from "../breaker/errors.js";
import { isGuardRejection } from "../guard/admission.js";
import type { FailureRecord } from "../guard/failure-record.js";
import type { RejectionReport } from "./run-report.js";

/** The report of a rejection; undefined for what is none. */
export function rejectionReport(error: unknown): RejectionReport | undefined {
  // With too many that wait already, the circuit that they wait for is the cause.
  const cause = isCircuitBreakerError(error) ? error.cause : undefined;
  const rejection = isCircuitBreakerOpenError(error) ? error : cause;
  if (!isCircuitBreakerOpenError(rejection)) return undefined;
  const { breakerName: upstream, reason, retryAfterMs } = rejection;
  const refusals = isGuardRejection(rejection) ? rejection.refusals : [];
  const failure = rejection.cause as Partial<FailureRecord> | undefined;
  return {
    upstream,
    others: refusals.map(({ breakerName }) => breakerName).filter((name) => name !== upstream),
    reason,
    retryAfterMs: retryAfterMs ?? null,
    since: failure?.at ?? null,
    rule: failure?.rule ?? null,
    fault: failure?.fault ?? null,
  };
}
