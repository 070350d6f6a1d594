import { expect, test } from "vitest";
import { CircuitBreaker } from "../circuit-breaker.js";
import { UnaskedPermit } from "./unasked-permit.js";

test("only the first outcome of a call without admission counts", () => {
  const breaker = new CircuitBreaker({ name: "api" });
  const permit = new UnaskedPermit(breaker);
  permit.failure(new Error("down"), { retryAfterMs: 5 });
  permit.success({ durationMs: 1 });
  permit.ignore();
  new UnaskedPermit(breaker).success();
  new UnaskedPermit(breaker).ignore();
  const released = new UnaskedPermit(breaker);
  released.release();
  released.failure(new Error("after that"));
  expect(breaker.getMetrics().metrics).toMatchObject({
    successCount: 1,
    failureCount: 1,
    ignoredCount: 1,
    lateCount: 0,
  });
});

test("its outcome is late once the circuit has changed", () => {
  const breaker = new CircuitBreaker({ name: "api" });
  const permit = new UnaskedPermit(breaker);
  breaker.reset();
  permit.failure(new Error("down"));
  expect(breaker.getMetrics().metrics).toMatchObject({ failureCount: 0, lateCount: 1 });
});
