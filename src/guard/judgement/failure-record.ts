/**
 * Creates the record of a failure that a guard keeps. It does not contain the message, which may contain
 * secrets.
 */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

/**
 * The record of the last failure before a rejection. Only the caller of the failed request gets the SDK's
 * own error, because its message and request may contain secrets.
 */
export interface FailureRecord {
  /** The name of the error; `"GraphQLError"` for an error in an answer, `"TraceEvidence"` for a span. */
  readonly name: string;
  /** The code of the error, such as `"ECONNREFUSED"`. Null if it has none, as in an answer. */
  readonly code: string | null;
  /** The component at fault, such as `"engine"` or `"registry"`. */
  readonly fault: Failure["fault"];
  /** The attribution rule that matched; for a span `"spans.failed"` or `"spans.limited"`. */
  readonly rule: string;
  /** The host that failed, if known. */
  readonly upstream: string | null;
  /** Whether it was a rate limit. */
  readonly limited: boolean;
  /** A fixed sentence about what happened, from the rule. */
  readonly redactedMessage: string;
  /** The time, as an ISO date. */
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
