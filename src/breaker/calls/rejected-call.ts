/** The result of a rejected call. The error is created only when it is read. */

import { CircuitBreakerOpenError, type Rejection, withoutStack } from "../errors.js";

/** A rejection in the shape of a `tryExecute` result. */
export class RejectedCall {
  readonly ok = false;
  readonly rejected = true;
  readonly #rejection: Rejection;
  #error: CircuitBreakerOpenError | undefined;

  /**
   * @param withStack Whether the error has a stack trace. If so, the error is created now, and not
   * when it is read.
   */
  constructor(rejection: Rejection, withStack: boolean) {
    this.#rejection = rejection;
    this.#error = withStack ? new CircuitBreakerOpenError(rejection) : undefined;
  }

  /** The error of this rejection. Each read returns the same object. */
  get error(): CircuitBreakerOpenError {
    this.#error ??= withoutStack(() => new CircuitBreakerOpenError(this.#rejection));
    return this.#error;
  }
}
