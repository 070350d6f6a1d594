/** Describes the circuits that rejected a run. */

import {
  type CircuitBreakerOpenError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
} from "../../breaker/errors.js";
import { isSharedCircuitOpenError } from "../../fleet/client/shared-open-error.js";
import { isGuardRejection } from "../../guard/admission/admission.js";
import type { FailureRecord } from "../../guard/judgement/failure-record.js";
import type { RejectionReport } from "./run-report.js";

/**
 * Returns the report of a rejection; undefined for any other error.
 *
 * @param maxWaitMs How long the run may wait for circuits; null if it does not wait.
 */
export function rejectionReport(
  error: unknown,
  maxWaitMs: number | null = null,
): RejectionReport | undefined {
  // If too many calls already wait for a circuit, the error is about the waiting calls. Its `cause`
  // is then the rejection.
  const cause = isCircuitBreakerError(error) ? error.cause : undefined;
  const rejection = isCircuitBreakerOpenError(error) ? error : cause;
  if (!isCircuitBreakerOpenError(rejection)) return undefined;
  const { breakerName: upstream, reason, retryAfterMs, isolationReason } = rejection;
  const refusals = isGuardRejection(rejection) ? rejection.refusals : [];
  const origin = originOf(rejection);
  return {
    upstream,
    others: refusals.map(({ breakerName }) => breakerName).filter((name) => name !== upstream),
    reason,
    retryAfterMs: retryAfterMs ?? null,
    ...origin,
    isolationReason: isolationReason ?? null,
    notWaited: maxWaitMs === null ? null : whyNotWaited(reason, origin.until, maxWaitMs),
  };
}

/** Returns why a run with `--wait` did not wait, or not longer, for this circuit. */
function whyNotWaited(
  reason: RejectionReport["reason"],
  until: string | null,
  maxWaitMs: number,
): string {
  const limit = `--max-wait (${Math.ceil(maxWaitMs / 1000)}s)`;
  if (reason !== "isolated") return `the wait would be longer than ${limit}`;
  const endsLater = until !== null && Date.parse(until) - Date.now() > maxWaitMs;
  return endsLater ? `the isolation lasts longer than ${limit}` : "--wait ignores isolations";
}

/** Returns when and why the circuit opened. */
function originOf(rejection: CircuitBreakerOpenError): Origin {
  if (!isSharedCircuitOpenError(rejection)) {
    const {
      at = null,
      rule = null,
      fault = null,
    } = (rejection.cause ?? {}) as Partial<FailureRecord>;
    return { since: at, until: null, rule, fault, scope: null, openedBy: null };
  }
  const { since, until, failure, scope, openedBy, isolatedBy } = rejection;
  const { rule = null, fault = null } = failure ?? {};
  const by = isolatedBy === null ? openedBy : { host: isolatedBy, run: null };
  return { since, until, rule, fault, scope, openedBy: by };
}

type Origin = Pick<RejectionReport, "since" | "until" | "rule" | "fault" | "scope" | "openedBy">;
