/** Defines the errors of stores. */

import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";

const STORE_CODE = "FLEET_STORE";

/**
 * The error of a store that could not be reached or gave an invalid reply. `code` is
 * `"FLEET_STORE"`. A guarded call never fails with this error, because a process without a store
 * uses its local circuits.
 */
export class FleetStoreError extends CircuitBreakerError {
  constructor(message: string, cause?: unknown) {
    super(message, STORE_CODE, { cause, refused: true });
  }

  static {
    nameErrorClass(FleetStoreError, "FleetStoreError");
  }
}

/**
 * The error of a store that other processes kept locked. The command changed nothing, so it may be
 * sent again.
 */
export class StoreBusyError extends FleetStoreError {}

/** The error of a store that failed to write, such as a file on a full disk. Reads may still work. */
export class UnwritableStoreError extends FleetStoreError {
  /** The cause, without paths of this machine, so that other machines may see it. */
  readonly reason: string;

  constructor(message: string, reason: string, cause?: unknown) {
    super(message, cause);
    this.reason = reason;
  }
}

/** The error of one circuit whose stored data is unreadable, while the store itself works. */
export class UnreadableCircuitError extends FleetStoreError {}

/**
 * Returns whether `error` is a {@link FleetStoreError}, also one from another copy of the package.
 */
export function isFleetStoreError(error: unknown): error is FleetStoreError {
  return isCircuitBreakerError(error) && error.code === STORE_CODE;
}
