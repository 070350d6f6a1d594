/** Failures of the engine that come without any words: it did not answer in its time. */

import type { Failure } from "../../attribution/failure.js";

/** Makes one; `rule` and `reason` are what a record of it says. */
export function engineFault(rule: string, reason: string): Failure {
  return {
    fault: "engine",
    upstream: null,
    upstreamKind: null,
    counts: true,
    limited: false,
    transient: true,
    retryAfterMs: null,
    answered: false,
    suspectedUpstream: null,
    sessionLost: false,
    rule,
    reason,
  };
}

/** A session that did not open in the time it had, whoever wanted it. */
export const SESSION_TOO_LATE = engineFault(
  "session-too-late",
  "the session did not open in the time it had",
);
