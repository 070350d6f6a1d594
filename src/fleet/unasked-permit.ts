/** A call that was made without asking the breakers first, as one that only spans tell of. */

import type { CircuitBreaker, RecordDetail } from "../breaker/circuit-breaker.js";
import type { Outcome } from "../breaker/options.js";
import type { CallPermit, FailureDetail, SuccessDetail } from "../breaker/permit.js";

/** Where outcomes without a permit are entered. */
export interface OutcomeRecorder {
  readonly local: CircuitBreaker;
  record(outcome: Outcome, detail: RecordDetail): void;
}

/** Enters one outcome: while closed, in the generation in which the call began. */
export class UnaskedPermit implements CallPermit {
  readonly generation: number;
  readonly #recorder: OutcomeRecorder;

  constructor(recorder: OutcomeRecorder) {
    this.#recorder = recorder;
    this.generation = recorder.local.getMetrics().generation;
  }

  success(detail?: SuccessDetail): void {
    this.#recorder.record("success", { ...detail, generation: this.generation });
  }

  failure(error?: unknown, detail?: FailureDetail): void {
    this.#recorder.record("failure", { ...detail, error, generation: this.generation });
  }

  ignore(error?: unknown): void {
    this.#recorder.record("ignored", { error, generation: this.generation });
  }

  /** It holds nothing. */
  release(): void {}
}
