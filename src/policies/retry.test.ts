import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { CircuitBreakerOpenError, isCircuitBreakerOpenError } from "../breaker/errors.js";
import { createRetry, type RetryEvent, retryWithBackoff } from "./retry.js";
import { RetryBudget } from "./retry-budget.js";
import { withTimeout } from "./timeout.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An operation that fails a number of times, each with an error of its own, and notes when it ran. */
function flaky(failures: number) {
  const errors: Error[] = [];
  const startsMs: number[] = [];
  const operation = async ({ attempt }: { attempt: number }) => {
    startsMs.push(performance.now());
    if (attempt > failures) return `attempt ${attempt}`;
    const error = new Error(`failure ${attempt}`);
    errors.push(error);
    throw error;
  };
  return {
    operation,
    errors,
    /** Milliseconds between one attempt and the next. */
    gapsMs: () => startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0)),
    attempts: () => startsMs.length,
  };
}

/** Lets time pass until a promise settles, and tells how it did. */
async function settle<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [results] = await Promise.all([Promise.allSettled([promise]), vi.runAllTimersAsync()]);
  return results[0];
}

test("by default it retries three times, after one, two and four seconds", async () => {
  const { operation, errors, gapsMs } = flaky(9);
  const result = await settle(retryWithBackoff(operation, { jitter: false }));
  expect(gapsMs()).toEqual([1000, 2000, 4000]);
  expect(result).toEqual({ status: "rejected", reason: errors[3] });
});

test("by default each delay is picked at random between nothing and the backoff", async () => {
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

test("the value of the first attempt that succeeds is passed on, and nothing follows", async () => {
  const { operation, attempts } = flaky(2);
  const result = await settle(retryWithBackoff(operation));
  expect(result).toEqual({ status: "fulfilled", value: "attempt 3" });
  expect(attempts()).toBe(3);
  expect(vi.getTimerCount()).toBe(0);
});

test("no retries at all can be asked for", async () => {
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

test("the last error keeps its identity, whatever it is", async () => {
  for (const reason of ["text", undefined, null, Object.freeze({})]) {
    const rejects = retryWithBackoff(() => Promise.reject(reason), { maxRetries: 1 });
    expect(await settle(rejects)).toEqual({ status: "rejected", reason });
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

test("the operation is given the signal and the number of the attempt", async () => {
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

test("the rejection of a breaker is never retried, whatever shouldRetry says", async () => {
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

test("an error that has a rejection as its cause is retried like others", async () => {
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

test("onRetry hears of each retry before its delay", async () => {
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

test("an abort by a listener of the retry itself ends it", async () => {
  const controller = new AbortController();
  const reason = new Error("seen enough");
  const { operation, attempts } = flaky(9);
  const onRetry = () => controller.abort(reason);
  const promise = retryWithBackoff(operation, { signal: controller.signal, onRetry });
  await expect(promise).rejects.toBe(reason);
  expect(attempts()).toBe(1);
});

test("Retry-After lengthens the delay and never shortens it", async () => {
  const asked = [3000, 500, undefined];
  const { operation, gapsMs } = flaky(9);
  const retryAfter = () => asked.shift();
  await settle(retryWithBackoff(operation, { jitter: false, retryAfter }));
  expect(gapsMs()).toEqual([3000, 2000, 4000]);
});

test("an upstream that wants to be left alone for longer than the longest delay is not retried", async () => {
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

test("no attempt is made without time left for it: the last error comes at once", async () => {
  const { operation, errors, gapsMs } = flaky(9);
  const startMs = performance.now();
  const promise = retryWithBackoff(operation, { jitter: false, deadlineMs: 3000 });
  const outcome = expect(promise).rejects.toSatisfy((error) => error === errors[1]);
  await vi.advanceTimersByTimeAsync(1000);
  await outcome;
  expect(gapsMs()).toEqual([1000]);
  expect(performance.now() - startMs).toBe(1000);
});

test("a delay that ends a moment before the deadline is taken", async () => {
  const { operation, gapsMs } = flaky(9);
  await settle(retryWithBackoff(operation, { jitter: false, deadlineMs: 3001 }));
  expect(gapsMs()).toEqual([1000, 2000]);
});

test("the signal of a time-out around it brings its deadline along", async () => {
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

test("a budget that is empty ends the retrying with the last error, and successes fill it again", async () => {
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

test("functions that fail harm no call and are announced once", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const boom = () => {
    throw new RangeError("secret");
  };
  for (let round = 1; round <= 2; round += 1) {
    const unsure = flaky(9);
    expect(await settle(retryWithBackoff(unsure.operation, { shouldRetry: boom }))).toMatchObject({
      reason: unsure.errors[0],
    });
    const quiet = flaky(1);
    const onRetry = () => Promise.reject(new TypeError("secret"));
    const options = { jitter: false, retryAfter: boom, onRetry };
    expect(await settle(retryWithBackoff(quiet.operation, options))).toMatchObject({
      value: "attempt 2",
    });
    expect(quiet.gapsMs()).toEqual([1000]);
  }
  const warnings = warn.mock.calls.map(([text]) => text).sort();
  warn.mockRestore();
  expect(warnings).toEqual([
    "onRetry of a retry failed and was passed over: TypeError",
    "retryAfter of a retry failed and was passed over: RangeError",
    "shouldRetry of a retry failed and was passed over: RangeError",
  ]);
});

test("answers that are none are passed over: no retry, no longer delay", async () => {
  const unsure = flaky(9);
  const shouldRetry = (async () => true) as never;
  await settle(retryWithBackoff(unsure.operation, { shouldRetry }));
  expect(unsure.attempts()).toBe(1);
  for (const answer of ["60", -1, Number.NaN]) {
    const upstream = flaky(1);
    const retryAfter = () => answer as number;
    await settle(retryWithBackoff(upstream.operation, { jitter: false, retryAfter }));
    expect(upstream.gapsMs()).toEqual([1000]);
  }
});

test("an initial delay above the usual cap lifts the cap", async () => {
  const { operation, gapsMs } = flaky(9);
  await settle(retryWithBackoff(operation, { jitter: false, initialDelayMs: 90_000 }));
  expect(gapsMs()).toEqual([90_000, 90_000, 90_000]);
});

test.each([
  [{ maxRetries: -1 }, 'option "maxRetries" is -1, expected a whole number from 0'],
  [{ maxRetries: 1.5 }, 'option "maxRetries" is 1.5'],
  [{ initialDelayMs: Number.NaN }, 'option "initialDelayMs" is NaN, expected a number of millis'],
  [{ backoffFactor: 0.5 }, 'option "backoffFactor" is 0.5, expected a number from 1 to 100'],
  [{ maxDelayMs: Number.POSITIVE_INFINITY }, 'option "maxDelayMs" is Infinity'],
  [
    { maxDelayMs: 999 },
    'option "maxDelayMs" is 999, expected from initialDelayMs (1000) to 2147483647',
  ],
  [{ jitter: 1 }, 'option "jitter" is 1, expected true or false'],
  [{ retryAfter: 5 }, 'option "retryAfter" is 5, expected a function'],
  [{ shouldRetry: true }, 'option "shouldRetry" is true, expected a function'],
  [{ onRetry: {} }, 'option "onRetry" is an object, expected a function'],
  [{ budget: 10 }, 'option "budget" is 10, expected an object with "tryTake", "refund"'],
  [{ random: 0.5 }, 'option "random" is 0.5, expected a function'],
  [{ retries: 3 }, 'option "retries" is not known'],
])("wrong options throw at once: %j", (options, message) => {
  const wrong = options as never;
  expect(() => retryWithBackoff(async () => 1, wrong)).toThrow(`retryWithBackoff ${message}`);
  expect(() => createRetry(wrong)).toThrow(`createRetry ${message}`);
});

test("what belongs to one call is checked with the call", () => {
  const retry = createRetry();
  const wrong = { deadlineMs: 0 };
  const message = 'option "deadlineMs" is 0, expected a number of milliseconds above 0';
  expect(() => retryWithBackoff(async () => 1, wrong)).toThrow(`retryWithBackoff ${message}`);
  expect(() => retry.execute(async () => 1, wrong)).toThrow(`execute ${message}`);
  expect(() => createRetry(wrong as never)).toThrow('createRetry option "deadlineMs" is not known');
  expect(() => retry.execute(async () => 1, { signal: 5 as never })).toThrow("an AbortSignal");
  expect(() => retry.execute(5 as never)).toThrow("operation is 5, expected a function");
  expect(() => retryWithBackoff(5 as never)).toThrow("operation is 5, expected a function");
});
