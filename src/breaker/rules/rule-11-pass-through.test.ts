/**
 * Rule 11: values and errors pass through unchanged. `tests/breaker` shows in a separate process
 * that Node reports a failed call that no code awaits.
 */

import { describe, expect, test } from "vitest";
import { counted, revokedProxy, setUp, thenable } from "../../../tests/breaker/harness.js";
import type { Operation } from "../calls/calls.js";
import type { CircuitBreaker, ExecuteOptions } from "../circuit-breaker.js";
import { executeWithCircuitBreaker } from "../circuit-breaker.js";
import type { CircuitBreakerOptions } from "../options.js";

type Run = (breaker: CircuitBreaker, operation: Operation<unknown>) => Promise<unknown>;

const { signal } = new AbortController();
const withSignal: ExecuteOptions = { signal };

/** The paths through the breaker. A caller must not see a difference between them. */
const ways: [string, CircuitBreakerOptions, Run][] = [
  ["execute", {}, (breaker, operation) => breaker.execute(operation)],
  ["execute with a signal", {}, (breaker, operation) => breaker.execute(operation, withSignal)],
  [
    "execute, timed",
    { trip: { failureRate: 1, windowCalls: 100, slowCallMs: 5 } },
    (breaker, operation) => breaker.execute(operation),
  ],
  [
    "execute with classifiers",
    { classifyError: () => "failure", classifyResult: () => "success" },
    (breaker, operation) => breaker.execute(operation),
  ],
  [
    "tryExecute",
    {},
    async (breaker, operation) => {
      const result = await breaker.tryExecute(operation);
      if (result.ok) return result.value;
      throw result.error;
    },
  ],
  [
    "executeWithCircuitBreaker",
    {},
    (breaker, operation) => executeWithCircuitBreaker(breaker, operation),
  ],
];

const value = { some: "value" };
const reason = new Error("down");

class OwnPromise<T> extends Promise<T> {}

const successes: [string, () => unknown][] = [
  ["a plain value", () => value],
  ["a promise", async () => value],
  ["a promise of a class of its own", () => OwnPromise.resolve(value)],
  ["a thenable", () => thenable((onValue) => onValue(value))],
  ["a thenable that settles twice", () => thenable((onValue) => callTwice(onValue))],
];

const frozen = Object.freeze({ code: 7 });
const revoked = revokedProxy();

const failures: [string, () => unknown, () => unknown][] = [
  ["a rejection", () => Promise.reject(reason), () => reason],
  ["a synchronous throw", () => fail(reason), () => reason],
  ["a thenable that rejects", () => thenable((_, onError) => onError(reason)), () => reason],
  ["a thenable that throws", () => thenable(() => fail(reason)), () => reason],
  ["a rejection with undefined", () => Promise.reject(undefined), () => undefined],
  ["a rejection with null", () => Promise.reject(null), () => null],
  ["a synchronous throw of a text", () => fail("text"), () => "text"],
  ["a rejection with a frozen object", () => Promise.reject(frozen), () => frozen],
  ["a rejection with a revoked proxy", () => Promise.reject(revoked), () => revoked],
];

describe.each(ways)("rule 11: %s passes on", (_name, options, run) => {
  test.each(successes)("%s, the same object", async (_what, operation) => {
    const { breaker } = setUp(options);
    expect(await run(breaker, operation)).toBe(value);
    expect(counted(breaker)).toEqual({ successCount: 1 });
    expect(breaker.getMetrics().inFlightCount).toBe(0);
  });

  test.each(failures)("%s, the same object, also in a row", async (_what, operation, expected) => {
    const { breaker } = setUp({ failureThreshold: options.trip ? undefined : 10, ...options });
    for (let call = 1; call <= 3; call++) {
      const caught = await run(breaker, operation).then(
        () => ["a value"],
        (error: unknown) => [error],
      );
      expect(Object.is(caught[0], expected())).toBe(true);
    }
    expect(counted(breaker)).toEqual({ failureCount: 3 });
    expect(breaker.getMetrics().inFlightCount).toBe(0);
  });

  test("undefined, like any other value", async () => {
    const { breaker } = setUp(options);
    expect(await run(breaker, () => undefined)).toBeUndefined();
    expect(counted(breaker)).toEqual({ successCount: 1 });
  });
});

describe("rule 11: calling", () => {
  test("the operation is called at once, not a tick later", () => {
    const { breaker } = setUp();
    let called = false;
    void breaker.execute(() => {
      called = true;
    });
    expect(called).toBe(true);
  });

  test("a synchronous throw is a rejection, never a throw of execute", async () => {
    const { breaker } = setUp();
    const call = breaker.execute(() => fail(reason));
    expect(call).toBeInstanceOf(Promise);
    await expect(call).rejects.toBe(reason);
  });

  test("the outcome is counted before the caller goes on", async () => {
    const { breaker } = setUp();
    await breaker
      .execute(() => Promise.reject(reason))
      .catch(() => {
        expect(breaker.state).toBe("open");
      });
    expect.assertions(1);
  });
});

function fail(thrown: unknown): never {
  throw thrown;
}

function callTwice(onValue: (given: unknown) => void): void {
  onValue(value);
  onValue("another");
}
