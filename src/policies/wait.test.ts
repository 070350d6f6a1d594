import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openBreaker } from "../../tests/policies/harness.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { isCircuitBreakerOpenError } from "../breaker/errors.js";
import { isTimeoutError, withTimeout } from "./timeout.js";
import { executeWhenAdmitted, isWaitersFullError, WaitersFullError } from "./wait.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const noSpread = { maxWaitMs: 60_000, waitSpreadMs: 0 };

test("a closed circuit runs the operation at once and passes on its result", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 10 });
  const { signal } = new AbortController();
  const operation = vi.fn(async () => "done");
  expect(await executeWhenAdmitted(breaker, operation, { maxWaitMs: 0, signal })).toBe("done");
  expect(operation.mock.calls).toEqual([[{ signal }]]);
  const reason = { any: "reason" };
  const failing = executeWhenAdmitted(breaker, () => Promise.reject(reason), noSpread);
  await expect(failing).rejects.toBe(reason);
  expect(breaker.getMetrics().metrics).toMatchObject({ successCount: 1, failureCount: 1 });
});

test("a call waits until the open time is over, then tries again and probes", async () => {
  const breaker = openBreaker();
  const operation = vi.fn(async () => "back");
  const promise = executeWhenAdmitted(breaker, operation, noSpread);
  await vi.advanceTimersByTimeAsync(9999);
  expect(operation).not.toHaveBeenCalled();
  expect(breaker.getMetrics().inFlightCount).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(await promise).toBe("back");
  expect(breaker.state).toBe("closed");
});

test("lengthens each wait at random by up to the spread, five seconds by default", async () => {
  const breaker = openBreaker();
  const starts: number[] = [];
  const startMs = performance.now();
  const chances = [0.1, 0.5, 0.99];
  const calls = chances.map((chance) =>
    executeWhenAdmitted(breaker, () => starts.push(performance.now() - startMs), {
      maxWaitMs: 60_000,
      random: () => chance,
    }),
  );
  await vi.runAllTimersAsync();
  await Promise.all(calls);
  expect(starts).toEqual([10_500, 12_500, 14_950]);
});

test("without an injected random the wait stays within the spread", async () => {
  const startMs = performance.now();
  const promise = executeWhenAdmitted(openBreaker(), () => performance.now() - startMs, {
    maxWaitMs: 60_000,
  });
  await vi.runAllTimersAsync();
  const waitedMs = await promise;
  expect(waitedMs).toBeGreaterThanOrEqual(10_000);
  expect(waitedMs).toBeLessThanOrEqual(15_000);
});

test("passes on the breaker's rejection at once if the wait would exceed maxWaitMs", async () => {
  const breaker = openBreaker();
  const promise = executeWhenAdmitted(breaker, () => "never", { maxWaitMs: 9999 });
  await expect(promise).rejects.toMatchObject({
    name: "CircuitBreakerOpenError",
    breakerName: "api",
    retryAfterMs: 10_000,
  });
  expect(vi.getTimerCount()).toBe(0);
});

test("waits exactly maxWaitMs", async () => {
  const options = { maxWaitMs: 10_000, random: () => 0.9 };
  const promise = executeWhenAdmitted(openBreaker(), () => "in", options);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await promise).toBe("in");
});

test("the spread never makes a wait exceed maxWaitMs", async () => {
  const startMs = performance.now();
  const promise = executeWhenAdmitted(openBreaker(), () => performance.now() - startMs, {
    maxWaitMs: 11_000,
    random: () => 0.5,
  });
  await vi.runAllTimersAsync();
  expect(await promise).toBe(10_500);
});

test("all waits of one call together stay within maxWaitMs", async () => {
  const breaker = openBreaker();
  const operation = vi.fn();
  const promise = executeWhenAdmitted(breaker, operation, { maxWaitMs: 15_000, waitSpreadMs: 0 });
  const outcome = expect(promise).rejects.toSatisfy(isCircuitBreakerOpenError);
  await vi.advanceTimersByTimeAsync(9999);
  breaker.reset();
  breaker.acquire().failure(new Error("down again"));
  await vi.advanceTimersByTimeAsync(1);
  await outcome;
  expect(operation).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("a call waits again when the circuit has opened again", async () => {
  const breaker = openBreaker();
  const startMs = performance.now();
  const promise = executeWhenAdmitted(breaker, () => performance.now() - startMs, noSpread);
  await vi.advanceTimersByTimeAsync(9000);
  breaker.reset();
  breaker.acquire().failure(new Error("down again"));
  await vi.runAllTimersAsync();
  expect(await promise).toBe(19_000);
});

test("while others probe, a call tries again soon instead of waiting until their slots end", async () => {
  const breaker = openBreaker();
  await vi.advanceTimersByTimeAsync(10_000);
  const probe = breaker.acquire();
  const startMs = performance.now();
  const promise = executeWhenAdmitted(breaker, () => performance.now() - startMs, {
    maxWaitMs: 5000,
    waitSpreadMs: 1000,
    random: () => 0.5,
  });
  await vi.advanceTimersByTimeAsync(500);
  probe.success();
  await vi.runAllTimersAsync();
  expect(await promise).toBe(600);
});

test("while others probe, a call waits no longer than until a slot ends", async () => {
  const breaker = openBreaker({ halfOpenProbeTimeoutMs: 40 });
  await vi.advanceTimersByTimeAsync(10_000);
  breaker.acquire();
  const startMs = performance.now();
  const promise = executeWhenAdmitted(breaker, () => performance.now() - startMs, noSpread);
  await vi.runAllTimersAsync();
  expect(await promise).toBe(40);
});

test("an isolated breaker rejects at once, because there is no time to wait for", async () => {
  const breaker = new CircuitBreaker({ name: "api" });
  breaker.isolate("maintenance");
  const promise = executeWhenAdmitted(breaker, () => "never", noSpread);
  await expect(promise).rejects.toMatchObject({ reason: "isolated" });
  expect(vi.getTimerCount()).toBe(0);
});

test("no call waits longer than the timeout around it allows", async () => {
  const breaker = openBreaker();
  const within = (timeoutMs: number) =>
    withTimeout(({ signal }) => executeWhenAdmitted(breaker, () => "in", { ...noSpread, signal }), {
      timeoutMs,
    });
  await expect(within(10_000)).rejects.toSatisfy(isCircuitBreakerOpenError);
  const promise = within(10_001);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await promise).toBe("in");
});

test("an abort ends a wait at once with its reason", async () => {
  const breaker = openBreaker();
  const controller = new AbortController();
  const operation = vi.fn();
  const { signal } = controller;
  const promise = executeWhenAdmitted(breaker, operation, { ...noSpread, signal });
  const outcome = expect(promise).rejects.toThrow("gone");
  await vi.advanceTimersByTimeAsync(5000);
  controller.abort(new Error("gone"));
  await outcome;
  expect(operation).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a signal that is already aborted rejects with its reason and asks no breaker", async () => {
  const breaker = openBreaker();
  const reason = new Error("gone");
  const signal = AbortSignal.abort(reason);
  await expect(executeWhenAdmitted(breaker, vi.fn(), { ...noSpread, signal })).rejects.toBe(reason);
  expect(breaker.getMetrics().metrics.rejectedCount).toBe(0);
});

test("passes on a rejection that the operation gets elsewhere, and does not wait for it", async () => {
  const breaker = new CircuitBreaker({ name: "outer" });
  const inner = openBreaker();
  const operation = vi.fn(() => inner.execute(() => "never"));
  await expect(executeWhenAdmitted(breaker, operation, noSpread)).rejects.toMatchObject({
    breakerName: "api",
  });
  expect(operation).toHaveBeenCalledTimes(1);
});

test("the guard recognizes the error of a full wait, and no other error", async () => {
  const rejection = openBreaker().tryAcquire();
  if (!isCircuitBreakerOpenError(rejection)) throw new Error("expected a rejection");
  vi.resetModules();
  const other = await import("./wait.js");
  const error = new other.WaitersFullError(rejection, 100);
  expect(error).not.toBeInstanceOf(WaitersFullError);
  expect(isWaitersFullError(error)).toBe(true);
  expect(isWaitersFullError(rejection)).toBe(false);
  expect(isTimeoutError(error)).toBe(false);
});

test.each([
  [undefined, 'executeWhenAdmitted option "maxWaitMs" is undefined, expected a number of milli'],
  [{ waitSpreadMs: 5 }, 'executeWhenAdmitted option "maxWaitMs" is undefined'],
  [{ maxWaitMs: -1 }, 'executeWhenAdmitted option "maxWaitMs" is -1'],
  [{ maxWaitMs: 5, waitSpreadMs: Number.NaN }, 'option "waitSpreadMs" is NaN'],
  [{ maxWaitMs: 5, signal: true }, 'option "signal" is true, expected an AbortSignal'],
  [{ maxWaitMs: 5, random: 1 }, 'option "random" is 1, expected a function'],
  [{ maxWaitMs: 5, waitMs: 1 }, 'executeWhenAdmitted option "waitMs" is not known'],
])("wrong options throw at once: %j", (options, message) => {
  const breaker = new CircuitBreaker();
  expect(() => executeWhenAdmitted(breaker, () => 1, options as never)).toThrow(message);
});

test("an invalid breaker or operation throws at once", () => {
  expect(() => executeWhenAdmitted({} as never, () => 1, noSpread)).toThrow(
    'breaker is an object, expected an object with "tryExecute"',
  );
  expect(() => executeWhenAdmitted(new CircuitBreaker(), 5 as never, noSpread)).toThrow(
    "operation is 5, expected a function",
  );
});
