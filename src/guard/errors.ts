/** The errors that only a guard throws. */

import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";
import type { FailureRecord } from "./judgement/failure-record.js";

const SESSION_LOST_CODE = "SESSION_LOST";

/**
 * The error of a request whose session was lost before. Such a request is not sent, and only a new
 * connection helps. The request that detects the loss gets the SDK's own error instead. `code` is
 * `"SESSION_LOST"`, and `cause` is a {@link FailureRecord}.
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

/** Returns whether `error` is a {@link SessionLostError} of this or another copy of the package. */
export function isSessionLostError(error: unknown): error is SessionLostError {
  return isCircuitBreakerError(error) && error.code === SESSION_LOST_CODE;
}
