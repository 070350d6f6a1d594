/** Limits the retries of many calls together, so that retries do not keep an upstream down. */

import { type NumberRange, numberField, readOptions } from "../../options/check.js";

/** Options of `RetryBudget`. */
export interface RetryBudgetOptions {
  /** Maximum and initial number of tokens: above 0, up to 1,000,000. Default: 10. */
  readonly maxTokens?: number | undefined;
  /** Tokens for each retry: above 0, up to 1,000,000. Default: 1. */
  readonly retryCost?: number | undefined;
  /** Tokens refunded for each success: 0 to 1,000,000. Default: 0.1. */
  readonly successRefund?: number | undefined;
}

const TOKENS: NumberRange = { min: 0, max: 1_000_000, of: "tokens" };
const SOME_TOKENS: NumberRange = { ...TOKENS, above: true };

const FIELDS = {
  maxTokens: numberField(10, SOME_TOKENS),
  retryCost: numberField(1, SOME_TOKENS),
  successRefund: numberField(0.1, TOKENS),
};

/**
 * A pool of tokens that calls share. Each retry takes tokens, and each success refunds a few. A few
 * failures are retried as usual. In an outage the pool runs empty, and errors are passed on without
 * a retry.
 *
 * @example
 * ```ts
 * import { RetryBudget, retryWithBackoff } from "dagger-circuit-breaker";
 *
 * const budget = new RetryBudget({ maxTokens: 20 });
 * const answer = await retryWithBackoff(async () => "hello", { budget });
 * console.assert(answer === "hello");
 * ```
 */
export class RetryBudget {
  readonly #maxTokens: number;
  readonly #retryCost: number;
  readonly #successRefund: number;
  #tokens: number;

  /** @throws TypeError or RangeError that names the option, its value and the expected value. */
  constructor(options?: RetryBudgetOptions) {
    const { maxTokens, retryCost, successRefund } = readOptions("RetryBudget", options, FIELDS);
    if (retryCost > maxTokens) {
      throw new RangeError(
        `RetryBudget option "retryCost" is ${retryCost}, expected maxTokens (${maxTokens}) or less`,
      );
    }
    this.#maxTokens = maxTokens;
    this.#retryCost = retryCost;
    this.#successRefund = successRefund;
    this.#tokens = maxTokens;
  }

  /** The current number of tokens. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Takes the cost of one retry. Returns false, and takes nothing, if there is not enough. */
  tryTake(): boolean {
    if (this.#tokens < this.#retryCost) return false;
    this.#tokens = rounded(this.#tokens - this.#retryCost);
    return true;
  }

  /** Refunds the tokens of one success, up to the maximum. */
  refund(): void {
    this.#tokens = Math.min(this.#maxTokens, rounded(this.#tokens + this.#successRefund));
  }
}

/** Removes floating-point errors: ten refunds of 0.1 would otherwise add up to less than 1. */
function rounded(tokens: number): number {
  return Math.round(tokens * 1e9) / 1e9;
}
