/**
 * Creates the record of a failure that a guard keeps. The record does not contain the message of the error,
 * because a message may contain secrets.
 */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

/**
 * The record of the last failure before a rejection. It does not contain the SDK's own error, whose message
 * and request may contain secrets. Only the caller of the failed request gets that error.
 */
export interface FailureRecord {
  /**
   * The name of the error. It is `"GraphQLError"` for an error in an answer, and `"TraceEvidence"` for a
   * span.
   */
  readonly name: string;
  /**
   * The code of the error, such as `"ECONNREFUSED"`. Null for an error without a code, such as an error in
   * an answer.
   */
  readonly code: string | null;
  /** The component at fault, such as `"engine"` or `"registry"`. */
  readonly fault: Failure["fault"];
  /** The attribution rule that matched. For a span, it is `"spans.failed"` or `"spans.limited"`. */
  readonly rule: string;
  /** The host that failed. Null if the host is unknown. */
  readonly upstream: string | null;
  /** Whether the failure was a rate limit. */
  readonly limited: boolean;
  /** A fixed sentence from the rule about what happened. It contains no secrets. */
  readonly redactedMessage: string;
  /** The time of the failure, as an ISO date. */
  readonly at: string;
}

const CODE = /^[A-Z][A-Z0-9_]{0,39}$/;

/**
 * Returns the record of a failure.
 *
 * @param error The error that came instead of an answer; undefined if the failure is in an answer.
 */
export function recordOf(failure: Failure, error?: unknown): FailureRecord {
  const { fault, rule, upstream, limited, reason } = failure;
  return {
    name: error === undefined ? "GraphQLError" : nameOf(error),
    code: codeOf(error),
    fault,
    rule,
    upstream,
    limited,
    redactedMessage: reason,
    at: new Date().toISOString(),
  };
}

/** Returns the record of a failure that only a span shows. */
export function recordOfEvidence({ kind, host, outcome, status }: Evidence): FailureRecord {
  const limited = outcome === "limited";
  const observed =
    status === null ? "did not answer as it should" : `answered with status ${status}`;
  return {
    name: "TraceEvidence",
    code: null,
    fault: kind,
    rule: limited ? "spans.limited" : "spans.failed",
    upstream: host,
    limited,
    redactedMessage: `The engine's traces show that the host ${observed}.`,
    at: new Date().toISOString(),
  };
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function codeOf(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && CODE.test(code) ? code : null;
}
