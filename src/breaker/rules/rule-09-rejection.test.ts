/** Rule 9: the content and the cost of a rejection. */

import { afterEach, describe, expect, test } from "vitest";
import { setUp, setUpHalfOpen, trip } from "../../../tests/breaker/harness.js";
import { CircuitBreakerOpenError } from "../errors.js";
import type { CircuitBreakerOptions } from "../options.js";

const down = new Error("down");
const limitBefore = Error.stackTraceLimit;

afterEach(() => {
  Object.defineProperty(Error, "stackTraceLimit", { value: limitBefore, writable: true });
});

function rejectionOf(options: CircuitBreakerOptions = {}): CircuitBreakerOpenError {
  const { breaker, clock } = setUp({ name: "api", ...options });
  trip(breaker, down);
  clock.advance(400);
  return breaker.tryAcquire() as CircuitBreakerOpenError;
}

describe("rule 9: rejection", () => {
  test("open, it carries name, state, reason, the time left, generation and the last failure", () => {
    const rejection = rejectionOf();
    expect(rejection).toMatchObject({
      breakerName: "api",
      state: "open",
      reason: "open",
      retryAfterMs: 600,
      generation: 2,
      code: "CIRCUIT_OPEN",
      refused: true,
      isolationReason: undefined,
    });
    expect(rejection.cause).toBe(down);
    expect(rejection.message).toBe("circuit open: api, retry in 1s");
  });

  test("half-open with all slots full, its reason is probing", () => {
    const { breaker } = setUpHalfOpen({ name: "api", resetTimeoutMs: 1_000 });
    breaker.acquire();
    const rejection = breaker.tryAcquire() as CircuitBreakerOpenError;
    expect(rejection).toMatchObject({ state: "half-open", reason: "probing", retryAfterMs: 1_000 });
    expect(rejection.message).toBe("circuit half-open: api, all probes are taken, retry in 1s");
    expect(rejection.cause).toBeInstanceOf(Error);
  });

  test("isolated, it carries the given text and no time", () => {
    const { breaker } = setUp({ name: "api" });
    breaker.isolate("moving house");
    const rejection = breaker.tryAcquire() as CircuitBreakerOpenError;
    expect(rejection).toMatchObject({
      state: "open",
      reason: "isolated",
      retryAfterMs: undefined,
      isolationReason: "moving house",
    });
    expect(rejection.message).toBe("circuit isolated: api, moving house");
    expect("cause" in rejection).toBe(false);
  });

  test("its cause is the failure of the last probe, if there was one", () => {
    const { breaker } = setUpHalfOpen();
    breaker.acquire().failure(down);
    expect((breaker.tryAcquire() as CircuitBreakerOpenError).cause).toBe(down);
  });

  test("it is a real Error, named as its class", () => {
    const rejection = rejectionOf();
    expect(rejection).toBeInstanceOf(Error);
    expect(Object.prototype.toString.call(rejection)).toBe("[object Error]");
    expect(rejection.name).toBe("CircuitBreakerOpenError");
    expect(String(rejection)).toBe("CircuitBreakerOpenError: circuit open: api, retry in 1s");
    expect(Object.keys(rejection)).not.toContain("name");
  });

  test("it has no stack unless captureRejectionStack is set", () => {
    expect(rejectionOf().stack).not.toContain("\n    at ");
    expect(rejectionOf({ captureRejectionStack: true }).stack).toContain("\n    at ");
    expect(new Error("other").stack).toContain("\n    at ");
    expect(Error.stackTraceLimit).toBe(limitBefore);
  });

  test("if Error is frozen, it is still created, with its stack", () => {
    Object.defineProperty(Error, "stackTraceLimit", { value: 10, writable: false });
    expect(rejectionOf()).toBeInstanceOf(CircuitBreakerOpenError);
    expect(rejectionOf().stack).toContain("\n    at ");
  });

  test("execute rejects with it, and does not call the operation", async () => {
    const { breaker } = setUp();
    trip(breaker);
    let called = false;
    const operation = () => {
      called = true;
    };
    await expect(breaker.execute(operation)).rejects.toBeInstanceOf(CircuitBreakerOpenError);
    expect(called).toBe(false);
  });

  test("tryExecute returns a result instead of throwing", async () => {
    const { breaker } = setUp();
    expect(await breaker.tryExecute(() => "value")).toEqual({ ok: true, value: "value" });
    expect(await breaker.tryExecute(() => Promise.reject(down))).toEqual({
      ok: false,
      rejected: false,
      error: down,
    });
    const result = await breaker.tryExecute(() => "value");
    expect(result).toMatchObject({ ok: false, rejected: true, error: { reason: "open" } });
    const { signal } = new AbortController();
    breaker.reset();
    expect(await breaker.tryExecute((context) => context.signal, { signal })).toEqual({
      ok: true,
      value: signal,
    });
  });
});
