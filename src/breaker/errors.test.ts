import { afterEach, expect, test, vi } from "vitest";
import { revokedProxy } from "../../tests/breaker/harness.js";
import {
  CircuitBreakerError,
  CircuitBreakerOpenError,
  isCircuitBreakerError,
  isCircuitBreakerOpenError,
  type Rejection,
} from "./errors.js";

const rejection: Rejection = {
  breakerName: "api",
  state: "open",
  reason: "open",
  retryAfterMs: 1_001,
  generation: 2,
};

afterEach(() => {
  vi.resetModules();
});

test("an error of the package has a code and a flag for rejections", () => {
  const cause = new Error("down");
  const error = new CircuitBreakerError("full", "FULL", { cause, refused: true });
  expect(error).toMatchObject({ message: "full", code: "FULL", refused: true, cause });
  expect(error.name).toBe("CircuitBreakerError");
  expect(error.stack).toContain("\n    at ");
  const plain = new CircuitBreakerError("odd", "ODD");
  expect(plain.refused).toBe(false);
  expect("cause" in plain).toBe(false);
});

test("the wait in the message is rounded up to whole seconds", () => {
  const message = (retryAfterMs: number | undefined) =>
    new CircuitBreakerOpenError({ ...rejection, retryAfterMs }).message;
  expect(message(1_001)).toBe("circuit open: api, retry in 2s");
  expect(message(1_000)).toBe("circuit open: api, retry in 1s");
  expect(message(1)).toBe("circuit open: api, retry in 1s");
  expect(message(undefined)).toBe("circuit open: api, retry in 0s");
});

test("the guards recognize the errors", () => {
  const base = new CircuitBreakerError("full", "FULL");
  const open = new CircuitBreakerOpenError(rejection);
  expect([base, open].map(isCircuitBreakerError)).toEqual([true, true]);
  expect([base, open].map(isCircuitBreakerOpenError)).toEqual([false, true]);
  const lookalike = { name: "CircuitBreakerOpenError", code: "CIRCUIT_OPEN" };
  for (const other of [new Error("x"), lookalike, null, undefined, "CIRCUIT_OPEN", 7]) {
    expect(isCircuitBreakerError(other)).toBe(false);
    expect(isCircuitBreakerOpenError(other)).toBe(false);
  }
});

test("the guards never throw, even for values that cannot be inspected", () => {
  expect(isCircuitBreakerError(revokedProxy())).toBe(false);
  expect(isCircuitBreakerOpenError(revokedProxy())).toBe(false);
});

test("the guards recognize errors of another copy of the package, where instanceof does not", async () => {
  vi.resetModules();
  const copy = await import("./errors.js");
  const error = new copy.CircuitBreakerOpenError(rejection);
  expect(error).not.toBeInstanceOf(CircuitBreakerOpenError);
  expect(isCircuitBreakerError(error)).toBe(true);
  expect(isCircuitBreakerOpenError(error)).toBe(true);
});
