/** What a call that was refused comes to: its error is made only when somebody looks at it. */

import { CircuitBreakerOpenError, type Rejection, withoutStack } from "../errors.js";

/** A refusal, in the shape of a result of `tryExecute`. */
export class RefusedCall {
  readonly ok = false;
  readonly rejected = true;
  readonly #rejection: Rejection;
  #error: CircuitBreakerOpenError | undefined;

  /** @param withStack Whether the error tells where the call was refused: then it is made now. */
  constructor(rejection: Rejection, withStack: boolean) {
    this.#rejection = rejection;
    this.#error = withStack ? new CircuitBreakerOpenError(rejection) : undefined;
  }

  /** The rejection of the breaker; the same one each time. */
  get error(): CircuitBreakerOpenError {
    this.#error ??= withoutStack(() => new CircuitBreakerOpenError(this.#rejection));
    return this.#error;
  }
}
