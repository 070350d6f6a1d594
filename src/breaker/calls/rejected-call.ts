/** The result of a rejected call. Its error is created when it is read. */

import { CircuitBreakerOpenError, type Rejection, withoutStack } from "../errors.js";

/** A rejection in the shape of a `tryExecute` result. */
export class RejectedCall {
  readonly ok = false;
  readonly rejected = true;
  readonly #rejection: Rejection;
  #error: CircuitBreakerOpenError | undefined;

  /** @param withStack Whether the error has a stack trace; then it is created now. */
  constructor(rejection: Rejection, withStack: boolean) {
    this.#rejection = rejection;
    this.#error = withStack ? new CircuitBreakerOpenError(rejection) : undefined;
  }

  /** The rejection of the breaker. Each read returns the same object. */
  get error(): CircuitBreakerOpenError {
    this.#error ??= withoutStack(() => new CircuitBreakerOpenError(this.#rejection));
    return this.#error;
  }
}
