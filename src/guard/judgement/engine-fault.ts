/** Failures of the engine without any words: it did not answer in time. */

import type { Failure } from "../../attribution/failure.js";

/** Creates one; `rule` and `reason` appear in its record. */
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

/** A session that did not open in time. */
export const SESSION_TOO_LATE = engineFault("session-too-late", "the session did not open in time");
