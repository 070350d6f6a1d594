/** Bounds the retries of many calls together, so that retrying does not keep an upstream down. */

import { type NumberRange, numberField, readOptions } from "../../options/check.js";

/** What a retry budget can be told. */
export interface RetryBudgetOptions {
  /** The most tokens that it holds, and those it begins with: above 0, up to 1,000,000. Default: 10. */
  readonly maxTokens?: number | undefined;
  /** What a retry costs: above 0, up to 1,000,000. Default: 1. */
  readonly retryCost?: number | undefined;
  /** What a success gives back: 0 to 1,000,000. Default: 0.1. */
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
 * A pot of tokens that calls share. Each retry takes some out and each success puts a little back,
 * so that a few failures are retried as always and an outage is not met with more calls than before:
 * once the pot is empty, errors are passed on without a retry.
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

  /**
   * @throws TypeError or RangeError naming the option, its value and what was expected.
   */
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

  /** How many tokens there are now. */
  get tokens(): number {
    return this.#tokens;
  }

  /** Takes the cost of one retry; false, with nothing taken, when there is not enough. */
  tryTake(): boolean {
    if (this.#tokens < this.#retryCost) return false;
    this.#tokens = rounded(this.#tokens - this.#retryCost);
    return true;
  }

  /** Puts back what a success is worth, up to the most that the pot holds. */
  refund(): void {
    this.#tokens = Math.min(this.#maxTokens, rounded(this.#tokens + this.#successRefund));
  }
}

/** Without it, ten refunds of 0.1 come to a little less than 1. */
function rounded(tokens: number): number {
  return Math.round(tokens * 1e9) / 1e9;
}
