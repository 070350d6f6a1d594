import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { CircuitBreakerError, isCircuitBreakerError } from "../breaker/errors.js";
import { isTimeoutError, TimeoutError, withTimeout } from "./timeout.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Creates an operation that ends after `durationMs`, or when its signal is aborted, as `fetch` does. */
function obedient(durationMs: number) {
  return ({ signal }: { readonly signal: AbortSignal | undefined }) =>
    new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => resolve("done"), durationMs);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(new DOMException("stopped", "AbortError"));
      });
    });
}

/** Creates an operation that ignores its signal. */
const deaf = (durationMs: number) => () =>
  new Promise<string>((resolve) => setTimeout(() => resolve("done"), durationMs));

test("passes on a value that comes in time, and leaves neither timer nor listener", async () => {
  const { signal } = new AbortController();
  const promise = withTimeout(deaf(99), { timeoutMs: 100, signal });
  expect(vi.getTimerCount()).toBe(2);
  await vi.advanceTimersByTimeAsync(99);
  expect(await promise).toBe("done");
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("rejects after the time limit, even if the operation continues", async () => {
  const { signal } = new AbortController();
  const promise = withTimeout(() => new Promise(() => undefined), { timeoutMs: 100, signal });
  const caught = promise.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(100);
  const error = await caught;
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error).toBeInstanceOf(CircuitBreakerError);
  expect(error).toMatchObject({
    name: "TimeoutError",
    code: "TIMEOUT",
    timeoutMs: 100,
    refused: false,
    message: "timed out after 100 ms",
  });
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("aborts the operation's signal with the same error after the time limit", async () => {
  let given: AbortSignal | undefined;
  const promise = withTimeout(
    ({ signal }) => {
      given = signal;
      return obedient(1000)({ signal });
    },
    { timeoutMs: 100 },
  );
  const caught = promise.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(99);
  expect(given?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isTimeoutError(await caught)).toBe(true);
  expect(given?.reason).toBe(await caught);
});

test("never aborts an operation that ends in time", async () => {
  let given: AbortSignal | undefined;
  const operation = ({ signal }: { signal: AbortSignal }) => {
    given = signal;
    return 5;
  };
  expect(await withTimeout(operation, { timeoutMs: 100 })).toBe(5);
  await vi.advanceTimersByTimeAsync(1000);
  expect(given?.aborted).toBe(false);
});

test("silently drops a result after the end", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  let fail: (error: Error) => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  const outcome = expect(withTimeout(() => late, { timeoutMs: 100 })).rejects.toSatisfy(
    isTimeoutError,
  );
  await vi.advanceTimersByTimeAsync(100);
  await outcome;
  fail(new Error("late"));
  vi.useRealTimers();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});

test("passes on an abort by the caller and ends the wait at once, with its reason", async () => {
  const controller = new AbortController();
  let given: AbortSignal | undefined;
  const operation = ({ signal }: { signal: AbortSignal }) => {
    given = signal;
    return new Promise(() => undefined);
  };
  const promise = withTimeout(operation, { timeoutMs: 100, signal: controller.signal });
  const reason = { not: "an error" };
  controller.abort(reason);
  await expect(promise).rejects.toBe(reason);
  expect(given?.reason).toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("does not call the operation if the signal is already aborted", async () => {
  const reason = new Error("enough");
  const operation = vi.fn();
  const promise = withTimeout(operation, { timeoutMs: 100, signal: AbortSignal.abort(reason) });
  await expect(promise).rejects.toBe(reason);
  expect(operation).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});

test("an error of the operation keeps its identity, thrown or rejected", async () => {
  for (const reason of [new Error("down"), "text", undefined]) {
    const throws = () => {
      throw reason;
    };
    await expect(withTimeout(throws, { timeoutMs: 100 })).rejects.toBe(reason);
    const rejects = withTimeout(() => Promise.reject(reason), { timeoutMs: 100 });
    await expect(rejects).rejects.toBe(reason);
  }
  expect(vi.getTimerCount()).toBe(0);
});

test("inside a breaker a timeout is a failure", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const promise = breaker.execute(() => withTimeout(obedient(1000), { timeoutMs: 100 }));
  const outcome = expect(promise).rejects.toSatisfy(isTimeoutError);
  await vi.advanceTimersByTimeAsync(100);
  await outcome;
  expect(breaker.state).toBe("open");
  expect(breaker.getMetrics().metrics).toMatchObject({ failureCount: 1, ignoredCount: 0 });
});

test("outside of a breaker a timeout is a failure too, through the signal given to execute", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const promise = withTimeout(({ signal }) => breaker.execute(obedient(1000), { signal }), {
    timeoutMs: 100,
  });
  const outcome = expect(promise).rejects.toSatisfy(isTimeoutError);
  await vi.advanceTimersByTimeAsync(100);
  await outcome;
  expect(breaker.state).toBe("open");
  expect(breaker.getMetrics().metrics).toMatchObject({ failureCount: 1, ignoredCount: 0 });
});

test("outside of a breaker, an operation that ignores its signal keeps its permit until it ends", async () => {
  const breaker = new CircuitBreaker();
  const promise = withTimeout(({ signal }) => breaker.execute(deaf(500), { signal }), {
    timeoutMs: 100,
  });
  const outcome = expect(promise).rejects.toSatisfy(isTimeoutError);
  await vi.advanceTimersByTimeAsync(100);
  await outcome;
  expect(breaker.getMetrics()).toMatchObject({ inFlightCount: 1, metrics: { failureCount: 0 } });
  await vi.advanceTimersByTimeAsync(400);
  expect(breaker.getMetrics()).toMatchObject({ inFlightCount: 0, metrics: { successCount: 1 } });
});

test("the breaker ignores an abort by the caller, inside and outside", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const inside = breaker.execute(
    (context) => withTimeout(obedient(1000), { timeoutMs: 100, signal: context.signal }),
    { signal },
  );
  const outside = withTimeout(
    (context) => breaker.execute(obedient(1000), { signal: context.signal }),
    { timeoutMs: 100, signal },
  );
  const reason = new Error("gone");
  controller.abort(reason);
  await expect(inside).rejects.toBe(reason);
  await expect(outside).rejects.toBe(reason);
  expect(breaker.getMetrics().metrics).toMatchObject({ failureCount: 0, ignoredCount: 2 });
});

test("the timer of a timeout keeps the process alive, because a caller awaits it", async () => {
  vi.useRealTimers();
  const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  const before = timeouts().length;
  const controller = new AbortController();
  const promise = withTimeout(() => new Promise(() => undefined), {
    timeoutMs: 60_000,
    signal: controller.signal,
  });
  expect(timeouts()).toHaveLength(before + 1);
  controller.abort();
  await expect(promise).rejects.toThrow();
  expect(timeouts()).toHaveLength(before);
});

test("the guard recognizes the timeout of another copy of the package, and no other error", async () => {
  vi.resetModules();
  const other = await import("./timeout.js");
  const error = new other.TimeoutError(5);
  expect(error).not.toBeInstanceOf(TimeoutError);
  expect([isTimeoutError(error), isCircuitBreakerError(error)]).toEqual([true, true]);
  expect(isTimeoutError(new DOMException("slow", "TimeoutError"))).toBe(false);
  expect(isTimeoutError(new CircuitBreakerError("other", "OTHER"))).toBe(false);
});

test.each([
  [undefined, 'withTimeout option "timeoutMs" is undefined, expected a number of milliseconds'],
  [{}, 'withTimeout option "timeoutMs" is undefined, expected a number of milliseconds above 0'],
  [{ timeoutMs: 0 }, 'withTimeout option "timeoutMs" is 0'],
  [{ timeoutMs: Number.NaN }, 'withTimeout option "timeoutMs" is NaN'],
  [{ timeoutMs: Number.POSITIVE_INFINITY }, 'withTimeout option "timeoutMs" is Infinity'],
  [{ timeoutMs: "5" }, 'withTimeout option "timeoutMs" is "5"'],
  [{ timeoutMs: 5, signal: {} }, 'withTimeout option "signal" is an object, expected an Abort'],
  [{ timeout: 5 }, 'withTimeout option "timeout" is not known'],
])("wrong options throw at once: %j", (options, message) => {
  expect(() => withTimeout(async () => 1, options as never)).toThrow(message);
});

test("an operation that is not a function throws at once", () => {
  expect(() => withTimeout(5 as never, { timeoutMs: 5 })).toThrow("operation is 5, expected a");
});
