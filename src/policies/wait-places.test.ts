/** The limit on calls that wait for one breaker. */

import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openBreaker } from "../../tests/policies/harness.js";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { executeWhenAdmitted, isWaitersFullError, WaitersFullError } from "./wait.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const noSpread = { maxWaitMs: 60_000, waitSpreadMs: 0 };

/** Makes `count` calls wait, and returns a function that ends them. */
function fill(breaker: CircuitBreaker, count: number) {
  const controller = new AbortController();
  const { signal } = controller;
  const calls = Array.from({ length: count }, () =>
    executeWhenAdmitted(breaker, () => "in", { maxWaitMs: 60_000, signal }),
  );
  const settled = Promise.allSettled(calls);
  return { settled, leave: () => controller.abort(new Error("gone")) };
}

test("at most a hundred calls wait for one breaker", async () => {
  const breaker = openBreaker();
  const { settled, leave } = fill(breaker, 100);
  await vi.advanceTimersByTimeAsync(0);
  const caught = await executeWhenAdmitted(breaker, () => "in", noSpread).catch(
    (error: unknown) => error,
  );
  expect(caught).toBeInstanceOf(WaitersFullError);
  expect(caught).toMatchObject({
    name: "WaitersFullError",
    code: "WAITERS_FULL",
    breakerName: "api",
    maxWaiters: 100,
    refused: true,
    message: 'circuit breaker "api" has reached its limit of 100 waiting calls',
    cause: { name: "CircuitBreakerOpenError", retryAfterMs: 10_000 },
  });
  const other = executeWhenAdmitted(openBreaker(), () => "other breaker", noSpread);
  leave();
  await settled;
  const freed = executeWhenAdmitted(breaker, () => "room again", noSpread);
  await vi.runAllTimersAsync();
  expect(await Promise.all([other, freed])).toEqual(["other breaker", "room again"]);
});

test("a hundred calls that wait under one signal cause no leak warning", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  const { settled, leave } = fill(openBreaker(), 100);
  await vi.advanceTimersByTimeAsync(0);
  leave();
  await settled;
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

test("a call keeps its place between tries, and gives it up once it is admitted", async () => {
  const breaker = openBreaker();
  let finish: (value: string) => void = () => undefined;
  const first = executeWhenAdmitted(
    breaker,
    () =>
      new Promise<string>((resolve) => {
        finish = resolve;
      }),
    noSpread,
  );
  const { settled, leave } = fill(breaker, 99);
  await vi.advanceTimersByTimeAsync(9000);
  breaker.reset();
  breaker.acquire().failure(new Error("down again"));
  await vi.advanceTimersByTimeAsync(1000);
  const refused = executeWhenAdmitted(breaker, () => "in", noSpread);
  await expect(refused).rejects.toSatisfy(isWaitersFullError);
  await vi.advanceTimersByTimeAsync(9000);
  expect(breaker.getMetrics().inFlightCount).toBe(1);
  const waits = executeWhenAdmitted(breaker, () => "in", noSpread);
  finish("first");
  await vi.runAllTimersAsync();
  expect(await Promise.all([first, waits])).toEqual(["first", "in"]);
  leave();
  await settled;
});

test("a breaker around the wait counts a full queue as ignored", async () => {
  const breaker = openBreaker();
  const outer = new CircuitBreaker({ failureThreshold: 1 });
  const { settled, leave } = fill(breaker, 100);
  await vi.advanceTimersByTimeAsync(0);
  const promise = outer.execute(() => executeWhenAdmitted(breaker, () => "in", noSpread));
  await expect(promise).rejects.toSatisfy(isWaitersFullError);
  expect(outer.getMetrics()).toMatchObject({ state: "closed", metrics: { ignoredCount: 1 } });
  leave();
  await settled;
});

test("at most a hundred calls wait, and every call settles", async () => {
  const batch = fc.record({
    calls: fc.integer({ min: 0, max: 80 }),
    leaves: fc.boolean(),
    thenMs: fc.integer({ min: 0, max: 12_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 6 }), async (batches) => {
      const breaker = openBreaker();
      const settled: Promise<PromiseSettledResult<string>[]>[] = [];
      let calls = 0;
      for (const { calls: count, leaves, thenMs } of batches) {
        const waiters = fill(breaker, count);
        settled.push(waiters.settled);
        calls += count;
        await vi.advanceTimersByTimeAsync(0);
        expect(vi.getTimerCount()).toBeLessThanOrEqual(100);
        if (leaves) waiters.leave();
        await vi.advanceTimersByTimeAsync(thenMs);
        expect(vi.getTimerCount()).toBeLessThanOrEqual(100);
      }
      await vi.runAllTimersAsync();
      const results = (await Promise.all(settled)).flat();
      expect(results).toHaveLength(calls);
      for (const result of results) {
        if (result.status === "fulfilled") continue;
        const { reason } = result;
        expect(isWaitersFullError(reason) || reason.message === "gone").toBe(true);
      }
      const after = executeWhenAdmitted(breaker, () => "in", { maxWaitMs: 60_000 });
      await vi.runAllTimersAsync();
      expect(await after).toBe("in");
    }),
    { numRuns: 30 },
  );
});
