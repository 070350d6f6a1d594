/** Invalid options of a retry. They are rejected at once, or when they are used. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { flaky, settle } from "../../../tests/policies/harness.js";
import { createRetry, retryWithBackoff } from "./retry.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("functions that fail affect no call and are announced once", async () => {
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
    "onRetry of a retry failed; the error was ignored: TypeError",
    "retryAfter of a retry failed; the error was ignored: RangeError",
    "shouldRetry of a retry failed; the error was ignored: RangeError",
  ]);
});

test("ignores invalid answers: no retry, no longer delay", async () => {
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
    'option "maxDelayMs" is 999, expected a number from initialDelayMs (1000) to 2147483647',
  ],
  [{ jitter: 1 }, 'option "jitter" is 1, expected true or false'],
  [{ retryAfter: 5 }, 'option "retryAfter" is 5, expected a function'],
  [{ shouldRetry: true }, 'option "shouldRetry" is true, expected a function'],
  [{ onRetry: {} }, 'option "onRetry" is an object, expected a function'],
  [{ budget: 10 }, 'option "budget" is 10, expected an object with "tryTake" and "refund"'],
  [{ random: 0.5 }, 'option "random" is 0.5, expected a function'],
  [{ retries: 3 }, 'option "retries" is not known'],
])("wrong options throw at once: %j", (options, message) => {
  const wrong = options as never;
  expect(() => retryWithBackoff(async () => 1, wrong)).toThrow(`retryWithBackoff ${message}`);
  expect(() => createRetry(wrong)).toThrow(`createRetry ${message}`);
});

test("checks the options of one call with the call", () => {
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
