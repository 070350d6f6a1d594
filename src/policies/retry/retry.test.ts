import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { revokedProxy } from "../../../tests/breaker/harness.js";
import { flaky, settle } from "../../../tests/policies/harness.js";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitBreakerOpenError, isCircuitBreakerOpenError } from "../../breaker/errors.js";
import { type RetryEvent, retryWithBackoff } from "./retry.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("by default it retries three times, after one, two and four seconds", async () => {
  const { operation, errors, gapsMs } = flaky(9);
  const result = await settle(retryWithBackoff(operation, { jitter: false }));
  expect(gapsMs()).toEqual([1000, 2000, 4000]);
  expect(result).toEqual({ status: "rejected", reason: errors[3] });
});

test("by default each delay is random between 0 and the backoff", async () => {
  const chances = [0.5, 0.25, 0.75];
  const { operation, gapsMs } = flaky(9);
  await settle(retryWithBackoff(operation, { random: () => chances.shift() ?? 0 }));
  expect(gapsMs()).toEqual([500, 500, 3000]);
});

test("without options, delays stay below the backoff", async () => {
  const { operation, gapsMs } = flaky(9);
  await settle(retryWithBackoff(operation));
  const [first, second, third] = gapsMs();
  expect(first).toBeLessThanOrEqual(1000);
  expect(second).toBeLessThanOrEqual(2000);
  expect(third).toBeLessThanOrEqual(4000);
});

test("passes on the value of the first successful attempt and stops", async () => {
  const { operation, attempts } = flaky(2);
  const result = await settle(retryWithBackoff(operation));
  expect(result).toEqual({ status: "fulfilled", value: "attempt 3" });
  expect(attempts()).toBe(3);
  expect(vi.getTimerCount()).toBe(0);
});

test("zero retries are allowed", async () => {
  const { operation, errors, attempts } = flaky(1);
  await expect(retryWithBackoff(operation, { maxRetries: 0 })).rejects.toBe(errors[0]);
  expect(attempts()).toBe(1);
});

test("delays are capped", async () => {
  const { operation, gapsMs } = flaky(9);
  const options = { jitter: false, backoffFactor: 10, maxDelayMs: 5000 };
  await settle(retryWithBackoff(operation, options));
  expect(gapsMs()).toEqual([1000, 5000, 5000]);
});

test("the last error keeps its identity, of any type", async () => {
  for (const reason of ["text", undefined, null, Object.freeze({}), revokedProxy()]) {
    const rejects = retryWithBackoff(() => Promise.reject(reason), { maxRetries: 1 });
    const result = await settle(rejects);
    expect(result.status === "rejected" && Object.is(result.reason, reason)).toBe(true);
  }
});

test("an operation may throw, return a plain value or return a thenable", async () => {
  let calls = 0;
  const throwsOnce = () => {
    calls += 1;
    if (calls === 1) throw new Error("at once");
    return 5;
  };
  expect(await settle(retryWithBackoff(throwsOnce))).toMatchObject({ value: 5 });
  // biome-ignore lint/suspicious/noThenProperty: a thenable is what this test is about.
  const thenable = { then: (resolve: (value: string) => void) => resolve("thenable") };
  expect(await retryWithBackoff(() => thenable as PromiseLike<string>)).toBe("thenable");
});

test("the operation receives the signal and the number of the attempt", async () => {
  const { signal } = new AbortController();
  const contexts: unknown[] = [];
  const operation = async (context: unknown) => {
    contexts.push(context);
    throw new Error("no");
  };
  await settle(retryWithBackoff(operation, { maxRetries: 1, signal }));
  await settle(retryWithBackoff(operation, { maxRetries: 0 }));
  expect(contexts).toEqual([
    { signal, attempt: 1 },
    { signal, attempt: 2 },
    { signal: undefined, attempt: 1 },
  ]);
  expect((contexts[0] as { signal: unknown }).signal).toBe(signal);
});

test("never retries the rejection of a breaker, whatever shouldRetry returns", async () => {
  const breaker = new CircuitBreaker({ name: "api" });
  breaker.isolate("maintenance");
  const shouldRetry = vi.fn(() => true);
  const calls = vi.fn(() => breaker.execute(async () => "never"));
  await expect(retryWithBackoff(calls, { shouldRetry })).rejects.toSatisfy(
    isCircuitBreakerOpenError,
  );
  expect(calls).toHaveBeenCalledTimes(1);
  expect(shouldRetry).not.toHaveBeenCalled();
});

test("retries an error with a rejection as its cause", async () => {
  const cause = new CircuitBreakerOpenError({
    breakerName: "inner",
    state: "open",
    reason: "open",
    retryAfterMs: 1,
    generation: 2,
  });
  const calls = vi.fn(() => Promise.reject(new Error("step failed", { cause })));
  await settle(retryWithBackoff(calls, { maxRetries: 1 }));
  expect(calls).toHaveBeenCalledTimes(2);
});

test("shouldRetry decides by error and attempt", async () => {
  const { operation, errors, attempts } = flaky(9);
  const shouldRetry = vi.fn((_error: unknown, attempt: number) => attempt < 2);
  const result = await settle(retryWithBackoff(operation, { shouldRetry }));
  expect(result).toEqual({ status: "rejected", reason: errors[1] });
  expect(shouldRetry.mock.calls).toEqual([
    [errors[0], 1],
    [errors[1], 2],
  ]);
  expect(attempts()).toBe(2);
});

test("calls onRetry for each retry before its delay", async () => {
  const { operation, errors } = flaky(2);
  const events: (RetryEvent & { atMs: number })[] = [];
  const startMs = performance.now();
  await settle(
    retryWithBackoff(operation, {
      jitter: false,
      onRetry: (event) => events.push({ ...event, atMs: performance.now() - startMs }),
    }),
  );
  expect(events).toEqual([
    { error: errors[0], attempt: 1, delayMs: 1000, atMs: 0 },
    { error: errors[1], attempt: 2, delayMs: 2000, atMs: 1000 },
  ]);
});

test("an abort before the first attempt rejects with its reason and runs nothing", async () => {
  const reason = new Error("enough");
  const { operation, attempts } = flaky(0);
  const promise = retryWithBackoff(operation, { signal: AbortSignal.abort(reason) });
  await expect(promise).rejects.toBe(reason);
  expect(attempts()).toBe(0);
});

test("an abort in a delay rejects at once with its reason", async () => {
  const controller = new AbortController();
  const { operation, attempts } = flaky(9);
  const promise = retryWithBackoff(operation, { signal: controller.signal, jitter: false });
  const outcome = expect(promise).rejects.toThrow("enough");
  await vi.advanceTimersByTimeAsync(500);
  controller.abort(new Error("enough"));
  await outcome;
  expect(attempts()).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("an attempt that fails once the signal is aborted is the last, and its error is passed on", async () => {
  const controller = new AbortController();
  const error = new Error("stopped");
  const shouldRetry = vi.fn(() => true);
  const promise = retryWithBackoff(
    async () => {
      controller.abort();
      throw error;
    },
    { signal: controller.signal, shouldRetry },
  );
  await expect(promise).rejects.toBe(error);
  expect(shouldRetry).not.toHaveBeenCalled();
});

test("an abort by the retry's own listener ends it", async () => {
  const controller = new AbortController();
  const reason = new Error("seen enough");
  const { operation, attempts } = flaky(9);
  const onRetry = () => controller.abort(reason);
  const promise = retryWithBackoff(operation, { signal: controller.signal, onRetry });
  await expect(promise).rejects.toBe(reason);
  expect(attempts()).toBe(1);
});
