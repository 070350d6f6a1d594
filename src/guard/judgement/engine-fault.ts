/** Creates failures of the engine that have no error message, such as a missing answer. */

import type { Failure } from "../../attribution/failure.js";

/**
 * Returns a failure of the engine without an error message. `rule` and `reason` appear in its failure
 * record.
 */
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

/** The failure of a session that did not open in time. */
export const SESSION_TOO_LATE = engineFault("session-too-late", "the session did not open in time");
