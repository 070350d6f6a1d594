/** What the guard keeps of a failure: nothing of its text, which may hold secrets. */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";

/**
 * The last failure behind a rejection, as the guard keeps it. The error of the SDK itself, whose
 * request and message can hold secrets in clear, goes only to the caller whose operation failed.
 */
export interface FailureRecord {
  /** The name of the error; of an answer `"GraphQLError"`, of the engine's traces `"TraceEvidence"`. */
  readonly name: string;
  /** The error's own code, such as `"ECONNREFUSED"`; null when it has none, as an answer. */
  readonly code: string | null;
  /** Whose fault it was, such as `"engine"` or `"registry"`. */
  readonly fault: Failure["fault"];
  /** The name of the attribution rule that decided, `"spans.failed"` or `"spans.limited"`. */
  readonly rule: string;
  /** The host that failed, when one is known. */
  readonly upstream: string | null;
  /** Whether it was a rate limit. */
  readonly limited: boolean;
  /** What happened, in a fixed sentence of the rule. */
  readonly redactedMessage: string;
  /** When, as an ISO date. */
  readonly at: string;
}

const CODE = /^[A-Z][A-Z0-9_]{0,39}$/;

/**
 * Keeps what may be kept of a failure.
 *
 * @param error What came instead of an answer; undefined when the answer holds the failure.
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

/** Keeps what may be kept of a failure that only the spans of the engine tell of. */
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
