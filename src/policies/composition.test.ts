import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { OperationContext } from "../breaker/calls/calls.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { isCircuitBreakerOpenError } from "../breaker/errors.js";
import { withFallback } from "./fallback/fallback.js";
import { retryWithBackoff } from "./retry/retry.js";
import { isTimeoutError, withTimeout } from "./timeout.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The answer of the upstream to one request. */
type Answer = { readonly afterMs: number; readonly value?: string };

/**
 * Returns an upstream that gives these answers in turn. A request ends early when its signal is aborted.
 */
function upstream(answers: readonly Answer[]) {
  const requestsMs: number[] = [];
  const startMs = performance.now();
  const request = ({ signal }: OperationContext) => {
    const { afterMs, value } = answers[requestsMs.length] ?? { afterMs: 0 };
    requestsMs.push(performance.now() - startMs);
    return new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => (value === undefined ? reject(new Error("down")) : resolve(value)),
        afterMs,
      );
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
  };
  return { request, requestsMs };
}

/**
 * Calls the operation through all policies. From outside to inside: fallback, timeout of the whole call,
 * retry, breaker, timeout of one attempt.
 */
function call(
  breaker: CircuitBreaker,
  operation: (context: OperationContext) => Promise<string>,
  wholeMs: number,
  signal?: AbortSignal,
) {
  const errors: unknown[] = [];
  const attempt = (context: OperationContext) =>
    withTimeout(operation, { timeoutMs: 1000, signal: context.signal });
  const guarded = (context: OperationContext) =>
    breaker.execute(attempt, { signal: context.signal });
  const retried = (context: OperationContext) =>
    retryWithBackoff(guarded, { jitter: false, signal: context.signal });
  const whole = (context: OperationContext) =>
    withTimeout(retried, { timeoutMs: wholeMs, signal: context.signal });
  const remember = (error: unknown) => {
    errors.push(error);
    return "cached";
  };
  return { promise: withFallback(whole, remember, { signal }), errors };
}

test("a slow attempt is cut short, counted and retried", async () => {
  const breaker = new CircuitBreaker();
  const { request, requestsMs } = upstream([{ afterMs: 5000 }, { afterMs: 10, value: "fresh" }]);
  const { promise, errors } = call(breaker, request, 60_000);
  await vi.runAllTimersAsync();
  expect(await promise).toBe("fresh");
  expect(requestsMs).toEqual([0, 2000]);
  expect(errors).toEqual([]);
  expect(breaker.getMetrics().metrics).toMatchObject({ failureCount: 1, successCount: 1 });
});

test("once the circuit opens, its rejection ends the retries and the fallback answers", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 2 });
  const { request, requestsMs } = upstream([]);
  const { promise, errors } = call(breaker, request, 60_000);
  await vi.runAllTimersAsync();
  expect(await promise).toBe("cached");
  expect(requestsMs).toEqual([0, 1000]);
  expect(errors).toHaveLength(1);
  expect(isCircuitBreakerOpenError(errors[0])).toBe(true);
  expect(breaker.getMetrics()).toMatchObject({
    state: "open",
    metrics: { failureCount: 2, rejectedCount: 1 },
  });
});

test("the timeout of the whole call ends a running attempt, which is a failure", async () => {
  const breaker = new CircuitBreaker();
  const { request, requestsMs } = upstream([{ afterMs: 0 }, { afterMs: 5000 }]);
  const { promise, errors } = call(breaker, request, 1500);
  await vi.advanceTimersByTimeAsync(1500);
  expect(await promise).toBe("cached");
  expect(requestsMs).toEqual([0, 1000]);
  expect(errors[0]).toSatisfy(isTimeoutError);
  expect(errors[0]).toMatchObject({ timeoutMs: 1500 });
  expect(breaker.getMetrics()).toMatchObject({
    inFlightCount: 0,
    metrics: { failureCount: 2, ignoredCount: 0 },
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("does not wait for a retry that the whole call has no time for", async () => {
  const breaker = new CircuitBreaker();
  const { request, requestsMs } = upstream([]);
  const { promise, errors } = call(breaker, request, 900);
  await vi.advanceTimersByTimeAsync(0);
  expect(await promise).toBe("cached");
  expect(requestsMs).toEqual([0]);
  expect(errors[0]).toMatchObject({ message: "down" });
  expect(vi.getTimerCount()).toBe(0);
});

test("a caller who aborts gets the reason and no fallback, and the breaker counts no failure", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const { request } = upstream([{ afterMs: 500 }]);
  const controller = new AbortController();
  const { promise, errors } = call(breaker, request, 60_000, controller.signal);
  const reason = new Error("gone");
  const outcome = expect(promise).rejects.toBe(reason);
  await vi.advanceTimersByTimeAsync(100);
  controller.abort(reason);
  await outcome;
  await vi.runAllTimersAsync();
  expect(errors).toEqual([]);
  expect(breaker.getMetrics()).toMatchObject({
    state: "closed",
    inFlightCount: 0,
    metrics: { failureCount: 0, ignoredCount: 1 },
  });
});
