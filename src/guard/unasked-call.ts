/** A call that was made without asking its breaker first, as one that only spans tell of. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { CallPermit, FailureDetail, SuccessDetail } from "../breaker/permit.js";

/** Enters the outcome of such a call: while closed, in the generation in which it began. */
export class UnaskedCall implements CallPermit {
  readonly #breaker: CircuitBreaker;
  readonly generation: number;

  constructor(breaker: CircuitBreaker) {
    this.#breaker = breaker;
    this.generation = breaker.getMetrics().generation;
  }

  success(detail?: SuccessDetail): void {
    this.#breaker.record("success", { generation: this.generation, ...detail });
  }

  failure(error?: unknown, detail?: FailureDetail): void {
    this.#breaker.record("failure", { generation: this.generation, error, ...detail });
  }

  ignore(error?: unknown): void {
    this.#breaker.record("ignored", { generation: this.generation, error });
  }

  /** It holds nothing. */
  release(): void {}
}
