/** The guard's record of a failure, without its text, which may contain secrets. */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

/**
 * The last failure behind a rejection, as the guard records it. Only the caller of the failed
 * operation gets the SDK's own error, whose request and message may contain plain secrets.
 */
export interface FailureRecord {
  /**
   * The name of the error; of an answer `"GraphQLError"`, of the engine's traces `"TraceEvidence"`.
   */
  readonly name: string;
  /** The error's own code, such as `"ECONNREFUSED"`; null without one, as in an answer. */
  readonly code: string | null;
  /** The component at fault, such as `"engine"` or `"registry"`. */
  readonly fault: Failure["fault"];
  /** The name of the attribution rule that decided, `"spans.failed"` or `"spans.limited"`. */
  readonly rule: string;
  /** The host that failed, if known. */
  readonly upstream: string | null;
  /** Whether it was a rate limit. */
  readonly limited: boolean;
  /** A fixed sentence of the rule about what happened. */
  readonly redactedMessage: string;
  /** The time, as an ISO date. */
  readonly at: string;
}

const CODE = /^[A-Z][A-Z0-9_]{0,39}$/;

/**
 * Returns the record of a failure.
 *
 * @param error The error in place of an answer; undefined if the answer contains the failure.
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

/** Returns the record of a failure that only the engine's spans show. */
export function recordOfEvidence({ kind, host, outcome, status }: Evidence): FailureRecord {
  const limited = outcome === "limited";
  const said = status === null ? "did not answer as it should" : `answered with status ${status}`;
  return {
    name: "TraceEvidence",
    code: null,
    fault: kind,
    rule: limited ? "spans.limited" : "spans.failed",
    upstream: host,
    limited,
    redactedMessage: `The engine's traces show that the host ${said}.`,
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
