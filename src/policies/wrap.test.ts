import { expect, expectTypeOf, test } from "vitest";
import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { isCircuitBreakerOpenError } from "../breaker/errors.js";
import { VirtualClock } from "../testing/virtual-clock.js";
import { bulkhead } from "./bulkhead.js";
import { createFallback } from "./fallback/fallback.js";
import { lastGood } from "./fallback/last-good.js";
import { checkResponse } from "./response.js";
import { createRetry } from "./retry/retry.js";
import { createTimeout, isTimeoutError } from "./timeout.js";
import { createWait } from "./wait.js";
import { type Policy, type WrapContext, wrap } from "./wrap.js";

const down = async (): Promise<string> => {
  throw new Error("down");
};

test("the first policy is the outermost", async () => {
  const entered: string[] = [];
  const named = (name: string): Policy => ({
    execute: async (operation, options) => {
      entered.push(name);
      return operation({ signal: options?.signal });
    },
  });
  const answer = await wrap(named("first"), named("second"), named("third")).execute(() => {
    entered.push("operation");
    return "done";
  });
  expect(answer).toBe("done");
  expect(entered).toEqual(["first", "second", "third", "operation"]);
});

test("fallback, retry, breaker and timeout behave in a list as they do when nested", async () => {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ name: "api", failureThreshold: 2, clock });
  const policy = wrap(
    createFallback("cached", { shouldFallback: isCircuitBreakerOpenError }),
    createRetry({ jitter: false, clock }),
    breaker,
    createTimeout({ timeoutMs: 1_000, clock }),
  );
  const attempts: WrapContext[] = [];
  const hang = (context: WrapContext) => {
    attempts.push(context);
    return new Promise<string>(() => {});
  };
  const answer = policy.execute(hang);
  await clock.advanceAsync(60_000);
  expect(await answer).toBe("cached");
  expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(attempts.map(({ signal }) => isTimeoutError(signal.reason))).toEqual([true, true]);
  expect(breaker.getMetrics()).toMatchObject({ state: "open", metrics: { failureCount: 2 } });
  expect(clock.timerCount).toBe(0);
});

test("the caller's signal reaches the operation; without one there is a signal that never aborts", async () => {
  const policy = wrap(new CircuitBreaker());
  const { signal } = new AbortController();
  expect(await policy.execute((context) => context.signal === signal, { signal })).toBe(true);
  expect(await policy.execute((context) => context.signal.aborted)).toBe(false);
  expect(await policy.execute(({ attempt }) => attempt)).toBe(1);
});

test("a caller who aborts ends the retry, and the fallback does not answer", async () => {
  const clock = new VirtualClock();
  const policy = wrap(createFallback("cached"), createRetry({ clock }), new CircuitBreaker());
  const controller = new AbortController();
  const gone = new Error("gone");
  const answer = expect(policy.execute(down, { signal: controller.signal })).rejects.toBe(gone);
  await clock.advanceAsync(0);
  controller.abort(gone);
  await answer;
  expect(clock.timerCount).toBe(0);
});

test("a wait for a breaker is a policy too, and so is a bulkhead", async () => {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ failureThreshold: 1, resetTimeoutMs: 5_000, clock });
  breaker.acquire().failure(new Error("down"));
  const wait = createWait(breaker, { maxWaitMs: 10_000, waitSpreadMs: 0, clock });
  const answer = wrap(wait, bulkhead({ maxConcurrent: 1 })).execute(async () => clock.now());
  await clock.advanceAsync(4_999);
  expect(breaker.state).toBe("open");
  await clock.advanceAsync(1);
  expect(await answer).toBe(5_000);
});

test("retries a failed response after the time that the server asked for", async () => {
  const clock = new VirtualClock();
  const policy = wrap(createRetry({ initialDelayMs: 10, clock }), new CircuitBreaker({ clock }));
  const atMs: number[] = [];
  const answer = policy.execute(() => {
    atMs.push(clock.now());
    const [status, headers] = atMs.length === 1 ? [503, { "retry-after": "7" }] : [200, {}];
    return checkResponse(new Response("", { status, headers: headers as Record<string, string> }));
  });
  await clock.advanceAsync(60_000);
  expect((await answer).status).toBe(200);
  expect(atMs).toEqual([0, 7_000]);
});

test("the type of an answer is that of the operation, plus that of a fallback", () => {
  const plain = wrap(createRetry(), new CircuitBreaker(), createTimeout({ timeoutMs: 1 }));
  expectTypeOf(plain.execute(() => 1)).resolves.toEqualTypeOf<number>();
  const guarded = wrap(createFallback("cached"), new CircuitBreaker());
  expectTypeOf(guarded.execute(async () => 1)).resolves.toEqualTypeOf<number | string>();
  const remembered = wrap(createFallback(lastGood<number>({ maxAgeMs: 1 })), new CircuitBreaker());
  expectTypeOf(remembered.execute(() => 1)).resolves.toEqualTypeOf<number>();
});

test.each([
  [[], "wrap has no policy, expected at least one"],
  [[{}], "policy 1 of wrap"],
  [[new CircuitBreaker(), undefined], "policy 2 of wrap"],
])("rejects an invalid policy: %#", (policies, message) => {
  expect(() => wrap(...(policies as Policy[]))).toThrow(message);
});

test("rejects an invalid operation at once", () => {
  expect(() => wrap(new CircuitBreaker()).execute(undefined as never)).toThrow(TypeError);
  const wrong = { timeout: 1 } as never;
  expect(() => wrap(new CircuitBreaker()).execute(() => 1, wrong)).toThrow('"timeout"');
});
