/** A permit for a call that its breaker did not admit, such as one seen only in spans. */

import type { CircuitBreaker, RecordDetail } from "../circuit-breaker.js";
import type { Outcome } from "../options.js";
import type { CallPermit, FailureDetail, SuccessDetail } from "./permit.js";

/** The breaker, or shared breaker, to which an unasked permit reports its outcome. */
interface OutcomeRecorder {
  record(outcome: Outcome, detail: RecordDetail): void;
}

/**
 * A permit for a call that its breaker did not admit. The outcome counts if the circuit is closed
 * and has not changed since this permit was created. Otherwise, the outcome is late.
 */
export class UnaskedPermit implements CallPermit {
  readonly generation: number;
  readonly #breaker: CircuitBreaker;
  #recorder: OutcomeRecorder;
  #settled = false;

  /**
   * @param recorder The object that receives the outcome, for example a shared breaker. Default:
   * `breaker`.
   */
  constructor(breaker: CircuitBreaker, recorder: OutcomeRecorder = breaker) {
    this.#breaker = breaker;
    this.#recorder = recorder;
    this.generation = breaker.getMetrics().generation;
  }

  success(detail?: SuccessDetail): void {
    this.#settle("success", detail);
  }

  failure(error?: unknown, detail?: FailureDetail): void {
    this.#settle("failure", { ...detail, error });
  }

  ignore(error?: unknown): void {
    this.#settle("ignored", { error });
  }

  release(): void {
    this.#settled = true;
  }

  keepLocal(): void {
    this.#recorder = this.#breaker;
  }

  #settle(outcome: Outcome, detail?: Omit<RecordDetail, "generation">): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#recorder.record(outcome, { ...detail, generation: this.generation });
  }
}
