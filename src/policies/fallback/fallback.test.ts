import { expect, expectTypeOf, test, vi } from "vitest";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { isCircuitBreakerOpenError } from "../../breaker/errors.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { withFallback } from "./fallback.js";
import { lastGood } from "./last-good.js";

const error = new Error("down");
const fails = () => Promise.reject<number>(error);

test("passes on a value of the operation, and does not call the fallback", async () => {
  const fallback = vi.fn();
  expect(await withFallback(async () => 5, fallback)).toBe(5);
  expect(fallback).not.toHaveBeenCalled();
});

test("the operation receives the signal", async () => {
  const { signal } = new AbortController();
  const operation = vi.fn();
  await withFallback(operation, "cached", { signal });
  await withFallback(operation, "cached");
  expect(operation.mock.calls).toEqual([[{ signal }], [{ signal: undefined }]]);
  expect(operation.mock.calls[0]?.[0].signal).toBe(signal);
});

test("a value answers for every error, thrown or rejected", async () => {
  const throws = () => {
    throw error;
  };
  expect(await withFallback(throws, "cached")).toBe("cached");
  expect(await withFallback(fails, "cached")).toBe("cached");
  expect(await withFallback(fails, undefined)).toBe(undefined);
  expect(await withFallback(fails, null)).toBe(null);
});

test("a function of the error answers with a value or a promise", async () => {
  const fallback = vi.fn((cause: unknown) => `cached, for ${cause}`);
  expect(await withFallback(fails, fallback)).toBe("cached, for Error: down");
  expect(fallback.mock.calls).toEqual([[error]]);
  expect(await withFallback(fails, async () => "later")).toBe("later");
});

test("passes on an error of the fallback unchanged", async () => {
  const worse = new Error("fallback down too");
  const throws = () => {
    throw worse;
  };
  await expect(withFallback(fails, throws)).rejects.toBe(worse);
  await expect(withFallback(fails, () => Promise.reject(worse))).rejects.toBe(worse);
  expect(worse.cause).toBe(undefined);
});

test("the last good value answers until it is too old; then the error is passed on", async () => {
  const clock = new VirtualClock();
  const memory = lastGood<number>({ maxAgeMs: 1000, clock });
  await expect(withFallback(fails, memory)).rejects.toBe(error);
  await withFallback(async () => 1, memory);
  await withFallback(async () => 2, memory);
  clock.advance(1000);
  expect(await withFallback(fails, memory)).toBe(2);
  clock.advance(1);
  await expect(withFallback(fails, memory)).rejects.toBe(error);
});

test("shouldFallback decides by the error", async () => {
  const breaker = new CircuitBreaker({ name: "api" });
  const options = { shouldFallback: isCircuitBreakerOpenError };
  const call = () => withFallback(() => breaker.execute(fails), "cached", options);
  await expect(call()).rejects.toBe(error);
  breaker.isolate("maintenance");
  expect(await call()).toBe("cached");
});

test("by default there is no answer once the caller has aborted", async () => {
  const controller = new AbortController();
  const fallback = vi.fn();
  const operation = async () => {
    controller.abort();
    throw error;
  };
  const { signal } = controller;
  await expect(withFallback(operation, fallback, { signal })).rejects.toBe(error);
  expect(fallback).not.toHaveBeenCalled();
});

test("does not call the operation if the signal is already aborted", async () => {
  const operation = vi.fn();
  const reason = new Error("gone");
  const signal = AbortSignal.abort(reason);
  await expect(withFallback(operation, "cached", { signal })).rejects.toBe(reason);
  expect(operation).not.toHaveBeenCalled();
});

test("shouldFallback may allow an answer for an abort, such as a timeout", async () => {
  const signal = AbortSignal.abort(new DOMException("slow", "TimeoutError"));
  const shouldFallback = (cause: unknown) => (cause as Error).name === "TimeoutError";
  expect(await withFallback(fails, "cached", { signal, shouldFallback })).toBe("cached");
});

test("a shouldFallback that fails or returns no boolean passes the error on", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const boom = () => {
    throw new RangeError("secret");
  };
  const unsure = (async () => true) as never;
  for (const shouldFallback of [boom, unsure]) {
    await expect(withFallback(fails, "cached", { shouldFallback })).rejects.toBe(error);
  }
  expect(warn.mock.calls.map(([text]) => text)).toEqual([
    "shouldFallback of withFallback failed; the error was ignored: RangeError",
  ]);
  warn.mockRestore();
});

test("the type of the fallback's answer is known", () => {
  const number = async () => 5;
  const memory = lastGood<number>({ maxAgeMs: 5 });
  expectTypeOf(withFallback(number, "cached")).resolves.toEqualTypeOf<number | string>();
  expectTypeOf(withFallback(number, async () => true)).resolves.toEqualTypeOf<number | boolean>();
  expectTypeOf(withFallback(number, memory)).resolves.toEqualTypeOf<number>();
});

test("wrong arguments throw at once", () => {
  const wrong = { shouldFallback: 5 } as never;
  expect(() => withFallback(5 as never, "cached")).toThrow("operation is 5, expected a function");
  expect(() => withFallback(fails, "cached", wrong)).toThrow(
    'withFallback option "shouldFallback" is 5, expected a function',
  );
  expect(() => withFallback(fails, "cached", { signal: 5 } as never)).toThrow("an AbortSignal");
  expect(() => withFallback(fails, "cached", { when: 5 } as never)).toThrow('"when" is not known');
});
