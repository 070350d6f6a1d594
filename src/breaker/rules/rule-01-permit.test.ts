/** Rule 1: permits, generations, and counters that add up. */

import { describe, expect, test } from "vitest";
import { counted, setUp, setUpHalfOpen, trip } from "../../../tests/breaker/harness.js";
import { Permit } from "../calls/permit.js";
import type { CircuitBreaker } from "../circuit-breaker.js";
import { CircuitBreakerOpenError } from "../errors.js";

const down = new Error("down");

describe("rule 1: permit", () => {
  test("an admission gives a permit with the generation of the breaker", () => {
    const { breaker } = setUp();
    expect(breaker.acquire().generation).toBe(1);
    breaker.reset();
    expect(breaker.acquire().generation).toBe(2);
    expect(breaker.getMetrics().generation).toBe(2);
  });

  test("a permit of a half-open circuit holds a probe slot until it settles", () => {
    const { breaker } = setUpHalfOpen({ halfOpenSuccessThreshold: 2 });
    const probe = breaker.acquire();
    expect(breaker.check().reason).toBe("probing");
    probe.success();
    expect(breaker.check().admits).toBe(true);
  });

  test("every state change starts a new generation", () => {
    const { breaker, clock } = setUp();
    trip(breaker);
    expect(breaker.getMetrics().generation).toBe(2);
    clock.advance(1_000);
    const probe = breaker.acquire();
    expect(probe.generation).toBe(3);
    probe.success();
    expect(breaker.getMetrics().generation).toBe(4);
  });

  test.each<[string, (breaker: CircuitBreaker) => void]>([
    ["isolate", (breaker) => breaker.isolate("maintenance")],
    ["observe", (breaker) => breaker.observe()],
    ["disable", (breaker) => breaker.disable()],
    ["release", (breaker) => breaker.release()],
    ["reset", (breaker) => breaker.reset()],
  ])("%s starts a new generation, even when it changes nothing else", (_name, steer) => {
    const { breaker } = setUp();
    steer(breaker);
    steer(breaker);
    expect(breaker.getMetrics().generation).toBe(3);
  });

  test("a late success from before the trip does not close the circuit", () => {
    const { breaker } = setUpHalfOpen();
    breaker.reset();
    const early = breaker.acquire();
    trip(breaker);
    early.success();
    expect(breaker.state).toBe("open");
    expect(counted(breaker)).toMatchObject({ lateCount: 1 });
  });

  test("a late failure does not open the circuit that has closed since", () => {
    const { breaker, clock } = setUp();
    const early = breaker.acquire();
    trip(breaker);
    clock.advance(1_000);
    breaker.acquire().success();
    early.failure(down);
    expect(breaker.state).toBe("closed");
    expect(breaker.getMetrics().trip).toEqual({ policy: "consecutive", consecutiveFailures: 0 });
    expect(counted(breaker)).toMatchObject({ failureCount: 1, successCount: 1, lateCount: 1 });
  });

  test("a late outcome does not touch the half-open circuit either, nor its slots", () => {
    const { breaker, clock } = setUp();
    const [first, second] = [breaker.acquire(), breaker.acquire()];
    trip(breaker);
    clock.advance(1_000);
    breaker.acquire();
    first.success();
    second.failure(down);
    expect(breaker.state).toBe("half-open");
    expect(breaker.check().reason).toBe("probing");
  });

  test("an ignored outcome of an older generation is late, not ignored", () => {
    const { breaker } = setUp();
    const permit = breaker.acquire();
    breaker.reset();
    permit.ignore();
    expect(counted(breaker)).toEqual({ lateCount: 1 });
  });

  test("success, failure, ignored and late add up to the permits that were settled", () => {
    const { breaker } = setUp({ failureThreshold: 100 });
    const permits = Array.from({ length: 8 }, () => breaker.acquire());
    permits[0]?.success();
    permits[1]?.failure(down);
    permits[2]?.failure(down);
    permits[3]?.ignore();
    permits[4]?.release();
    breaker.reset();
    permits[5]?.success();
    expect(counted(breaker)).toEqual({
      successCount: 1,
      failureCount: 2,
      ignoredCount: 1,
      lateCount: 1,
    });
    expect(breaker.getMetrics().inFlightCount).toBe(2);
  });

  test("no manual control resets a counter", () => {
    const { breaker } = setUp();
    breaker.acquire().success();
    trip(breaker);
    breaker.tryAcquire();
    breaker.reset();
    breaker.isolate("maintenance");
    breaker.observe();
    breaker.disable();
    breaker.release();
    expect(counted(breaker)).toMatchObject({ successCount: 1, failureCount: 1, rejectedCount: 1 });
  });

  test("acquire throws the rejection, tryAcquire returns it", () => {
    const { breaker } = setUp();
    expect(breaker.tryAcquire()).toBeInstanceOf(Permit);
    trip(breaker);
    expect(() => breaker.acquire()).toThrow(CircuitBreakerOpenError);
    expect(breaker.tryAcquire()).toBeInstanceOf(CircuitBreakerOpenError);
    expect(counted(breaker)).toMatchObject({ rejectedCount: 2 });
  });

  test("check returns the answer that an admission would get, and changes nothing", () => {
    const { breaker, clock } = setUp();
    expect(breaker.check()).toEqual({ admits: true, reason: undefined, retryAfterMs: 0 });
    trip(breaker);
    clock.advance(400);
    const before = breaker.getMetrics();
    expect(breaker.check()).toEqual({ admits: false, reason: "open", retryAfterMs: 600 });
    expect(breaker.getMetrics()).toEqual(before);
    clock.advance(600);
    expect(breaker.check()).toEqual({ admits: true, reason: undefined, retryAfterMs: 0 });
    expect(breaker.state).toBe("open");
    breaker.isolate("maintenance");
    expect(breaker.check()).toEqual({ admits: false, reason: "isolated", retryAfterMs: undefined });
  });

  test("the answer of check is frozen", () => {
    const { breaker } = setUp();
    expect(Object.isFrozen(breaker.check())).toBe(true);
    breaker.isolate("maintenance");
    expect(Object.isFrozen(breaker.check())).toBe(true);
  });

  test("a success with its own duration is judged by that, not by the time since admission", () => {
    const slowCalls = { failureRate: 1, windowCalls: 1, slowCallMs: 100 };
    const { breaker, clock } = setUp({ trip: slowCalls });
    const waited = breaker.acquire();
    clock.advance(5_000);
    waited.success({ durationMs: 99 });
    expect(breaker.state).toBe("closed");
    breaker.acquire().success({ durationMs: 100 });
    expect(breaker.state).toBe("open");
  });
});

describe("rule 1: record", () => {
  test("an outcome without a permit counts while closed, in its generation", () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    breaker.record("success", { generation: 1 });
    breaker.record("ignored", { generation: 1 });
    breaker.record("failure", { generation: 1, error: down });
    expect(breaker.getMetrics().trip).toEqual({ policy: "consecutive", consecutiveFailures: 1 });
    breaker.record("failure", { generation: 1, error: down });
    expect(breaker.state).toBe("open");
    expect(counted(breaker)).toMatchObject({ successCount: 1, ignoredCount: 1, failureCount: 2 });
    expect((breaker.tryAcquire() as CircuitBreakerOpenError).cause).toBe(down);
  });

  test("an outcome of another generation is late", () => {
    const { breaker } = setUp();
    breaker.reset();
    breaker.record("failure", { generation: 1 });
    breaker.record("failure", { generation: 3 });
    expect(breaker.state).toBe("closed");
    expect(counted(breaker)).toEqual({ lateCount: 2 });
  });

  test("it is late while open, half-open or isolated, even in the generation that runs", () => {
    const { breaker, clock } = setUp();
    const recordNow = () =>
      breaker.record("success", { generation: breaker.getMetrics().generation });
    trip(breaker);
    recordNow();
    clock.advance(1_000);
    breaker.acquire();
    recordNow();
    expect(breaker.state).toBe("half-open");
    breaker.isolate("maintenance");
    recordNow();
    expect(counted(breaker)).toMatchObject({ lateCount: 3 });
    expect(counted(breaker)).not.toHaveProperty("successCount");
  });

  test("the event of a late outcome has the generation that was given", () => {
    const { breaker } = setUp();
    const generations: number[] = [];
    breaker.on("late", ({ generation }) => generations.push(generation));
    breaker.isolate("maintenance");
    breaker.record("success", { generation: 2 });
    expect(generations).toEqual([2]);
  });

  test("its duration is judged by the slow-call policy", () => {
    const { breaker } = setUp({ trip: { failureRate: 1, windowCalls: 1, slowCallMs: 100 } });
    breaker.record("success", { generation: 1 });
    breaker.record("success", { generation: 1, durationMs: 99 });
    expect(breaker.state).toBe("closed");
    breaker.record("success", { generation: 1, durationMs: 100 });
    expect(breaker.state).toBe("open");
  });

  test("it takes no permit", () => {
    const { breaker } = setUp();
    breaker.record("success", { generation: 1 });
    expect(breaker.getMetrics().inFlightCount).toBe(0);
  });
});
