/** The errors that the guard itself makes. */

import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import type { FailureRecord } from "./judgement/failure-record.js";

const SESSION_LOST_CODE = "SESSION_LOST";

/**
 * The session to the engine is gone and never comes back; only a new connection helps. `code` is
 * `"SESSION_LOST"`, `cause` a {@link FailureRecord}. The request that found out gets the SDK's own
 * error; this one is for those after it, which are not sent at all.
 */
export class SessionLostError extends CircuitBreakerError {
  constructor(record: FailureRecord) {
    super(
      `the session to the Dagger engine is lost, connect again: ${record.redactedMessage}`,
      SESSION_LOST_CODE,
      { cause: record, refused: true },
    );
  }

  static {
    nameErrorClass(SessionLostError, "SessionLostError");
  }
}

/** Whether `error` is a {@link SessionLostError} of this or of another copy of the package. */
export function isSessionLostError(error: unknown): error is SessionLostError {
  return isCircuitBreakerError(error) && error.code === SESSION_LOST_CODE;
}
