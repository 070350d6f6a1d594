/** A call that was made without asking its breaker first, as one that only spans tell of. */

import type { CircuitBreaker, RecordDetail } from "../circuit-breaker.js";
import type { Outcome } from "../options.js";
import type { CallPermit, FailureDetail, SuccessDetail } from "./permit.js";

/** Where outcomes without a permit are entered. */
interface OutcomeRecorder {
  record(outcome: Outcome, detail: RecordDetail): void;
}

/** Enters the outcome of such a call: while closed, in the generation in which it began. */
export class UnaskedPermit implements CallPermit {
  readonly generation: number;
  readonly #breaker: CircuitBreaker;
  #recorder: OutcomeRecorder;
  #settled = false;

  /** @param recorder Where the outcome goes, if not to the breaker alone. */
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
