/** The error of a store that could not do what it was asked. */

import { CircuitBreakerError, isCircuitBreakerError, nameErrorClass } from "../breaker/errors.js";

const STORE_CODE = "FLEET_STORE";

/**
 * A store of shared circuits could not be asked, or answered with something else than an answer.
 * `code` is `"FLEET_STORE"`. No guarded call ever fails with it: each process carries on alone.
 */
export class FleetStoreError extends CircuitBreakerError {
  constructor(message: string, cause?: unknown) {
    super(message, STORE_CODE, { cause, refused: true });
  }

  static {
    nameErrorClass(FleetStoreError, "FleetStoreError");
  }
}

/** Others kept the store from doing something, of which nothing was done: it may be asked again. */
export class StoreBusyError extends FleetStoreError {}

/** What is kept of one circuit cannot be read, while the store itself answers. */
export class UnreadableCircuitError extends FleetStoreError {}

/** Whether `error` is a {@link FleetStoreError} of this or of another copy of the package. */
export function isFleetStoreError(error: unknown): error is FleetStoreError {
  return isCircuitBreakerError(error) && error.code === STORE_CODE;
}
