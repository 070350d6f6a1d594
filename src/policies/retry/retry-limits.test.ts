/**
 * Limits that end the retries early: the delay that the upstream asked for, the remaining time, and the
 * budget.
 */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { flaky, settle } from "../../../tests/policies/harness.js";
import { withTimeout } from "../timeout.js";
import { createRetry, retryWithBackoff } from "./retry.js";
import { RetryBudget } from "./retry-budget.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("Retry-After lengthens the delay and never shortens it", async () => {
  const asked = [3000, 500, undefined];
  const { operation, gapsMs } = flaky(9);
  const retryAfter = () => asked.shift();
  await settle(retryWithBackoff(operation, { jitter: false, retryAfter }));
  expect(gapsMs()).toEqual([3000, 2000, 4000]);
});

test("does not retry an upstream that asks for more than the longest delay", async () => {
  for (const [askedMs, attempts] of [
    [60_000, 2],
    [60_001, 1],
    [Number.POSITIVE_INFINITY, 1],
  ]) {
    const upstream = flaky(9);
    const options = { maxRetries: 1, retryAfter: () => askedMs };
    await settle(retryWithBackoff(upstream.operation, options));
    expect(upstream.attempts()).toBe(attempts);
  }
});

test("makes no attempt without enough time: passes on the last error at once", async () => {
  const { operation, errors, gapsMs } = flaky(9);
  const startMs = performance.now();
  const promise = retryWithBackoff(operation, { jitter: false, deadlineMs: 3000 });
  const outcome = expect(promise).rejects.toSatisfy((error) => error === errors[1]);
  await vi.advanceTimersByTimeAsync(1000);
  await outcome;
  expect(gapsMs()).toEqual([1000]);
  expect(performance.now() - startMs).toBe(1000);
});

test("takes a delay that ends a moment before the deadline", async () => {
  const { operation, gapsMs } = flaky(9);
  await settle(retryWithBackoff(operation, { jitter: false, deadlineMs: 3001 }));
  expect(gapsMs()).toEqual([1000, 2000]);
});

test("the signal of a timeout around it carries its deadline", async () => {
  const { operation, errors, attempts } = flaky(9);
  const promise = withTimeout(
    ({ signal }) => retryWithBackoff(operation, { signal, jitter: false }),
    { timeoutMs: 2500 },
  );
  const outcome = expect(promise).rejects.toSatisfy((error) => error === errors[1]);
  await vi.advanceTimersByTimeAsync(1000);
  await outcome;
  expect(attempts()).toBe(2);
});

test("an empty budget ends the retries with the last error, and successes fill it again", async () => {
  const budget = new RetryBudget({ maxTokens: 2, successRefund: 0.5 });
  const first = flaky(9);
  expect(await settle(retryWithBackoff(first.operation, { budget }))).toMatchObject({
    reason: first.errors[2],
  });
  expect([first.attempts(), budget.tokens]).toEqual([3, 0]);
  await retryWithBackoff(flaky(0).operation, { budget });
  await retryWithBackoff(flaky(0).operation, { budget });
  const second = flaky(9);
  await settle(retryWithBackoff(second.operation, { budget }));
  expect([second.attempts(), budget.tokens]).toEqual([2, 0]);
});

test("a retry that is not made costs nothing", async () => {
  const budget = new RetryBudget();
  await settle(retryWithBackoff(flaky(9).operation, { budget, maxRetries: 0 }));
  await settle(retryWithBackoff(flaky(9).operation, { budget, shouldRetry: () => false }));
  await settle(retryWithBackoff(flaky(9).operation, { budget, retryAfter: () => 1e9 }));
  await settle(retryWithBackoff(flaky(9).operation, { budget, jitter: false, deadlineMs: 10 }));
  expect(budget.tokens).toBe(10);
});

test("the calls of one createRetry share its budget of ten retries", async () => {
  const retry = createRetry({ maxRetries: 100, jitter: false });
  const first = flaky(4);
  await settle(retry.execute(first.operation));
  expect(retry.budget.tokens).toBe(6.1);
  const second = flaky(99);
  await settle(retry.execute(second.operation));
  expect(second.attempts()).toBe(7);
  expect(retry.budget.tokens).toBe(0.1);
  expect(createRetry().budget.tokens).toBe(10);
});

test("createRetry takes a budget that others share, and a signal and a deadline with each call", async () => {
  const budget = new RetryBudget({ maxTokens: 1 });
  const retry = createRetry({ budget, jitter: false });
  expect(retry.budget).toBe(budget);
  const late = flaky(9);
  await settle(retry.execute(late.operation, { deadlineMs: 1000 }));
  expect(late.attempts()).toBe(1);
  const reason = new Error("enough");
  const aborted = retry.execute(flaky(0).operation, { signal: AbortSignal.abort(reason) });
  await expect(aborted).rejects.toBe(reason);
});
