import fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudget } from "./retry-budget.js";

test("ten retries empty a new budget, and ten successes pay for one more", () => {
  const budget = new RetryBudget();
  expect(budget.tokens).toBe(10);
  for (let retry = 1; retry <= 10; retry += 1) expect(budget.tryTake()).toBe(true);
  expect(budget.tryTake()).toBe(false);
  for (let success = 1; success <= 9; success += 1) budget.refund();
  expect(budget.tryTake()).toBe(false);
  budget.refund();
  expect(budget.tokens).toBe(1);
  expect(budget.tryTake()).toBe(true);
  expect(budget.tokens).toBe(0);
});

test("size, cost and refund are configurable", () => {
  const budget = new RetryBudget({ maxTokens: 4, retryCost: 3, successRefund: 2 });
  expect([budget.tryTake(), budget.tryTake(), budget.tokens]).toEqual([true, false, 1]);
  budget.refund();
  expect([budget.tryTake(), budget.tokens]).toEqual([true, 0]);
});

test.each([
  [{ maxTokens: 0 }, 'RetryBudget option "maxTokens" is 0, expected a number of tokens above 0'],
  [{ retryCost: Number.NaN }, 'RetryBudget option "retryCost" is NaN'],
  [{ successRefund: -1 }, 'RetryBudget option "successRefund" is -1'],
  [{ retryCost: 11 }, 'RetryBudget option "retryCost" is 11, expected maxTokens (10) or less'],
  [{ tokens: 5 }, 'RetryBudget option "tokens" is not known'],
])("wrong options throw: %j", (options, message) => {
  expect(() => new RetryBudget(options as never)).toThrow(message);
});

test("a budget never goes below 0 or above its size, and is spent exactly", () => {
  const amount = fc.integer({ min: 1, max: 50 });
  fc.assert(
    fc.property(amount, amount, amount, fc.array(fc.boolean()), (size, cost, tenths, takes) => {
      fc.pre(cost <= size);
      const budget = new RetryBudget({
        maxTokens: size,
        retryCost: cost,
        successRefund: tenths / 10,
      });
      let leftTenths = size * 10;
      for (const take of takes) {
        if (take) {
          const affordable = leftTenths >= cost * 10;
          expect(budget.tryTake()).toBe(affordable);
          if (affordable) leftTenths -= cost * 10;
        } else {
          budget.refund();
          leftTenths = Math.min(size * 10, leftTenths + tenths);
        }
        expect(budget.tokens).toBe(leftTenths / 10);
        expect(budget.tokens).toBeGreaterThanOrEqual(0);
        expect(budget.tokens).toBeLessThanOrEqual(size);
      }
    }),
  );
});
