/** What the guard keeps of a failure: nothing of its text, which may hold secrets. */

import type { Failure } from "../attribution/failure.js";

/**
 * The last failure behind a rejection, as the guard keeps it. The error of the SDK itself, whose
 * request and message can hold secrets in clear, goes only to the caller whose operation failed.
 */
export interface FailureRecord {
  /** The name of the error or, of an answer, `"GraphQLError"`. */
  readonly name: string;
  /** Whose fault it was, such as `"engine"` or `"registry"`. */
  readonly fault: Failure["fault"];
  /** The name of the attribution rule that decided. */
  readonly rule: string;
  /** The host that failed, when one is known. */
  readonly upstream: string | null;
  /** What happened, in a fixed sentence of the rule. */
  readonly redactedMessage: string;
  /** When, as an ISO date. */
  readonly at: string;
}

/** Keeps what may be kept of a failure. */
export function recordOf(failure: Failure, name: string): FailureRecord {
  const { fault, rule, upstream, reason } = failure;
  return { name, fault, rule, upstream, redactedMessage: reason, at: new Date().toISOString() };
}
