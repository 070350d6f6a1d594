import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { CircuitBreakerError } from "../breaker/errors.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { BulkheadFullError, bulkhead, isBulkheadFullError } from "./bulkhead.js";

/** Creates an operation that stays pending until the test ends it. */
function held(name = "done") {
  let end: (value: string) => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const promise = new Promise<string>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  return { operation: vi.fn(() => promise), end: () => end(name), fail: (e: unknown) => fail(e) };
}

/** Waits until all pending microtasks have run. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("an operation runs at once while there is room, and its value and error are passed on", async () => {
  const builds = bulkhead({ maxConcurrent: 1 });
  const { signal } = new AbortController();
  const operation = vi.fn(() => 5);
  expect(await builds.execute(operation, { signal })).toBe(5);
  expect(operation.mock.calls).toEqual([[{ signal }]]);
  const reason = { any: "reason" };
  const throws = () => {
    throw reason;
  };
  await expect(builds.execute(throws)).rejects.toBe(reason);
  await expect(builds.execute(() => Promise.reject(reason))).rejects.toBe(reason);
  expect([builds.activeCount, builds.queuedCount, builds.name]).toEqual([0, 0, "default"]);
});

test("rejects calls without room, by default without a queue", async () => {
  const builds = bulkhead({ name: "builds", maxConcurrent: 1 });
  const first = held();
  const running = builds.execute(first.operation);
  const second = held();
  const caught = await builds.execute(second.operation).catch((error: unknown) => error);
  expect(caught).toBeInstanceOf(BulkheadFullError);
  expect(caught).toBeInstanceOf(CircuitBreakerError);
  expect(caught).toMatchObject({
    name: "BulkheadFullError",
    code: "BULKHEAD_FULL",
    bulkheadName: "builds",
    maxConcurrent: 1,
    maxQueued: 0,
    refused: true,
    message: "bulkhead full: builds, 1 running and 0 waiting",
  });
  expect(second.operation).not.toHaveBeenCalled();
  first.end();
  expect(await running).toBe("done");
  expect(await builds.execute(() => "room again")).toBe("room again");
});

test("runs waiting calls in order of arrival", async () => {
  const builds = bulkhead({ maxConcurrent: 1, maxQueued: 2 });
  const begun: string[] = [];
  const run = (name: string, operation = held(name)) => ({
    ...operation,
    promise: builds.execute(() => {
      begun.push(name);
      return operation.operation();
    }),
  });
  const [a, b, c] = [run("a"), run("b"), run("c")];
  expect([builds.activeCount, builds.queuedCount]).toEqual([1, 2]);
  await expect(run("d").promise).rejects.toSatisfy(isBulkheadFullError);
  a.end();
  await settled();
  expect(begun).toEqual(["a", "b"]);
  b.fail(new Error("down"));
  await expect(b.promise).rejects.toThrow("down");
  await settled();
  expect(begun).toEqual(["a", "b", "c"]);
  c.end();
  expect(await Promise.all([a.promise, c.promise])).toEqual(["a", "c"]);
  expect([builds.activeCount, builds.queuedCount]).toEqual([0, 0]);
});

test("a newcomer cannot take the slot that is handed to the next call in the queue", async () => {
  const builds = bulkhead({ maxConcurrent: 1, maxQueued: 1 });
  const first = held();
  const newcomer = vi.fn();
  const running = builds.execute(first.operation);
  const waiting = builds.execute(() => "next");
  first.end();
  for (let tick = 0; tick < 10; tick += 1) {
    if (builds.queuedCount === 0) break;
    await undefined;
  }
  expect([builds.activeCount, builds.queuedCount]).toEqual([1, 0]);
  const late = builds.execute(newcomer);
  expect(newcomer).not.toHaveBeenCalled();
  expect(await Promise.all([running, waiting, late])).toEqual(["done", "next", undefined]);
});

test("a call that is aborted while it waits leaves the queue at once", async () => {
  const builds = bulkhead({ maxConcurrent: 1, maxQueued: 1 });
  const first = held();
  const running = builds.execute(first.operation);
  const controller = new AbortController();
  const operation = vi.fn();
  const waiting = builds.execute(operation, { signal: controller.signal });
  const reason = new Error("gone");
  controller.abort(reason);
  expect(builds.queuedCount).toBe(0);
  const next = builds.execute(() => "next");
  await expect(waiting).rejects.toBe(reason);
  first.end();
  expect(await Promise.all([running, next])).toEqual(["done", "next"]);
  expect(operation).not.toHaveBeenCalled();
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("a call that is aborted at its turn hands on its slot", async () => {
  const builds = bulkhead({ maxConcurrent: 1, maxQueued: 2 });
  const first = held();
  const running = builds.execute(first.operation);
  const controller = new AbortController();
  const operation = vi.fn();
  const waiting = builds.execute(operation, { signal: controller.signal });
  const next = builds.execute(() => "next");
  const outcome = expect(waiting).rejects.toThrow("gone");
  first.end();
  for (let tick = 0; tick < 10; tick += 1) {
    if (builds.queuedCount === 1) break;
    await undefined;
  }
  expect(builds.queuedCount).toBe(1);
  controller.abort(new Error("gone"));
  await outcome;
  expect(await Promise.all([running, next])).toEqual(["done", "next"]);
  expect(operation).not.toHaveBeenCalled();
  expect(builds.activeCount).toBe(0);
});

test("a call whose turn has come leaves no listener on its signal", async () => {
  const builds = bulkhead({ maxConcurrent: 1, maxQueued: 1 });
  const { signal } = new AbortController();
  const first = held();
  const running = builds.execute(first.operation);
  const waiting = builds.execute(() => "next", { signal });
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  first.end();
  expect(await Promise.all([running, waiting])).toEqual(["done", "next"]);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a call whose signal is already aborted takes no slot", async () => {
  const builds = bulkhead({ maxConcurrent: 1 });
  const operation = vi.fn();
  const reason = new Error("gone");
  const promise = builds.execute(operation, { signal: AbortSignal.abort(reason) });
  expect(builds.activeCount).toBe(0);
  await expect(promise).rejects.toBe(reason);
  expect(operation).not.toHaveBeenCalled();
});

test("an operation that waited runs in the async context of its own caller", async () => {
  const builds = bulkhead({ maxConcurrent: 1, maxQueued: 1 });
  const storage = new AsyncLocalStorage<string>();
  const first = held();
  const running = storage.run("first", () => builds.execute(first.operation));
  const waiting = storage.run("second", () => builds.execute(() => storage.getStore()));
  first.end();
  await running;
  expect(await waiting).toBe("second");
});

test("inside a breaker, a full bulkhead is not a failure, even of a probe", async () => {
  const builds = bulkhead({ maxConcurrent: 1 });
  const first = held();
  const running = builds.execute(first.operation);
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ failureThreshold: 1, resetTimeoutMs: 1000, clock });
  const call = () => breaker.execute(() => builds.execute(() => "in"));
  await expect(call()).rejects.toSatisfy(isBulkheadFullError);
  expect(breaker.getMetrics()).toMatchObject({ state: "closed", metrics: { ignoredCount: 1 } });
  breaker.acquire().failure(new Error("down"));
  clock.advance(1000);
  await expect(call()).rejects.toSatisfy(isBulkheadFullError);
  expect(breaker.state).toBe("half-open");
  first.end();
  await running;
  expect(await call()).toBe("in");
  expect(breaker.getMetrics()).toMatchObject({
    state: "closed",
    metrics: { ignoredCount: 2, failureCount: 1 },
  });
});

test("never exceeds its limits, and every call settles", async () => {
  const limits = fc.record({
    maxConcurrent: fc.integer({ min: 1, max: 4 }),
    maxQueued: fc.integer({ min: 0, max: 4 }),
  });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ kind: "call" as const, pick: 0 }) },
    fc.record({ kind: fc.constantFrom("end" as const, "abort" as const), pick: fc.nat(20) }),
  );
  await fc.assert(
    fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async (options, steps) => {
      const builds = bulkhead(options);
      let running = 0;
      const ends: (() => void)[] = [];
      const controllers: AbortController[] = [];
      const promises: Promise<unknown>[] = [];
      const operation = () => {
        running += 1;
        expect(running).toBeLessThanOrEqual(options.maxConcurrent);
        return new Promise<void>((resolve) => {
          ends.push(() => {
            running -= 1;
            resolve();
          });
        });
      };
      for (const { kind, pick } of steps) {
        if (kind === "call") {
          const controller = new AbortController();
          controllers.push(controller);
          promises.push(
            builds.execute(operation, { signal: controller.signal }).catch((error: unknown) => {
              expect(isBulkheadFullError(error) || error === "gone").toBe(true);
            }),
          );
        } else if (kind === "end") {
          ends.splice(pick % Math.max(1, ends.length), 1)[0]?.();
        } else {
          controllers[pick % Math.max(1, controllers.length)]?.abort("gone");
        }
        if (pick % 2 === 0) await settled();
        expect(builds.activeCount).toBeLessThanOrEqual(options.maxConcurrent);
        expect(builds.queuedCount).toBeLessThanOrEqual(options.maxQueued);
        if (builds.queuedCount > 0) expect(builds.activeCount).toBe(options.maxConcurrent);
      }
      for (; builds.activeCount > 0; await settled()) for (const end of ends.splice(0)) end();
      await Promise.all(promises);
      expect([builds.activeCount, builds.queuedCount, running]).toEqual([0, 0, 0]);
    }),
    { numRuns: 50 },
  );
});

test("the guard recognizes the error of another copy of the package, and no other error", async () => {
  vi.resetModules();
  const other = await import("./bulkhead.js");
  const error = new other.BulkheadFullError("builds", 1, 0);
  expect(error).not.toBeInstanceOf(BulkheadFullError);
  expect(isBulkheadFullError(error)).toBe(true);
  expect(isBulkheadFullError(new CircuitBreakerError("other", "OTHER"))).toBe(false);
  expect(isBulkheadFullError(new Error("full"))).toBe(false);
});

test.each([
  [undefined, 'bulkhead option "maxConcurrent" is undefined, expected a whole number from 1'],
  [{ maxConcurrent: 0 }, 'bulkhead option "maxConcurrent" is 0, expected a whole number from 1'],
  [{ maxConcurrent: Number.POSITIVE_INFINITY }, 'bulkhead option "maxConcurrent" is Infinity'],
  [{ maxConcurrent: 1, maxQueued: -1 }, 'bulkhead option "maxQueued" is -1, expected a whole'],
  [{ maxConcurrent: 1, name: "" }, 'bulkhead option "name" is ""'],
  [{ maxConcurrent: 1, name: 5 }, 'bulkhead option "name" is 5'],
  [{ maxConcurrent: 1, size: 5 }, 'bulkhead option "size" is not known'],
])("wrong options throw: %j", (options, message) => {
  expect(() => bulkhead(options as never)).toThrow(message);
});

test("wrong arguments of a call throw at once", () => {
  const builds = bulkhead({ maxConcurrent: 1 });
  expect(() => builds.execute(5 as never)).toThrow("operation is 5, expected a function");
  expect(() => builds.execute(() => 1, { signal: 5 as never })).toThrow("an AbortSignal");
  expect(builds.activeCount).toBe(0);
});
