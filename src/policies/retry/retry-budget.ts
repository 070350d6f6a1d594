/** Limits the retries of many calls together, because many retries can keep an upstream down. */

import { type NumberRange, numberField, readOptions } from "../../options/check.js";

/** Options of `RetryBudget`. */
export interface RetryBudgetOptions {
  /** The maximum and initial number of tokens: above 0, up to 1,000,000. Default: 10. */
  readonly maxTokens?: number | undefined;
  /** The number of tokens that each retry takes: above 0, up to `maxTokens`. Default: 1. */
  readonly retryCost?: number | undefined;
  /** The number of tokens that each success refunds: 0 to 1,000,000. Default: 0.1. */
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
 * A pool of tokens that calls share. Each retry takes tokens, and each success refunds a few. Single
 * failures are retried as usual. In an outage, the pool becomes empty, and errors are passed on without a
 * retry.
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

  /** Takes the tokens for one retry. If there are too few tokens, takes no tokens and returns false. */
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

/** Removes floating-point errors. Otherwise, ten refunds of 0.1 would add up to less than 1. */
function rounded(tokens: number): number {
  return Math.round(tokens * 1e9) / 1e9;
}
