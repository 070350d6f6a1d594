import { expect, test } from "vitest";
import { setUp, trip } from "../../tests/breaker/harness.js";

const nothing = {
  successCount: 0,
  failureCount: 0,
  ignoredCount: 0,
  lateCount: 0,
  rejectedCount: 0,
  wouldRejectCount: 0,
  stateChanges: 0,
};

test("metrics are plain data of one moment, complete in every state", () => {
  const { breaker, clock } = setUp({ name: "api" });
  const early = breaker.acquire();
  clock.advance(30);
  expect(breaker.getMetrics()).toEqual({
    name: "api",
    state: "closed",
    control: "automatic",
    generation: 1,
    inFlightCount: 1,
    stateAgeMs: 30,
    retryAfterMs: 0,
    isolationReason: undefined,
    trip: { policy: "consecutive", consecutiveFailures: 0 },
    metrics: nothing,
    failures: [],
    transitions: [],
    openTimeMs: 0,
  });
  trip(breaker);
  early.release();
  clock.advance(10);
  expect(breaker.getMetrics()).toMatchObject({
    state: "open",
    generation: 2,
    inFlightCount: 0,
    stateAgeMs: 10,
    retryAfterMs: 990,
    trip: { policy: "consecutive", consecutiveFailures: 1 },
    metrics: { ...nothing, failureCount: 1, stateChanges: 1 },
  });
  clock.advance(990);
  breaker.acquire();
  clock.advance(5);
  expect(breaker.getMetrics()).toMatchObject({
    state: "half-open",
    inFlightCount: 1,
    stateAgeMs: 5,
    retryAfterMs: 995,
    trip: undefined,
    metrics: { ...nothing, failureCount: 1, stateChanges: 2 },
  });
});

test("metrics once read do not change", () => {
  const { breaker } = setUp();
  const before = breaker.getMetrics();
  const copy = structuredClone(before);
  trip(breaker);
  expect(before).toEqual(copy);
});

test("stateChanges counts only visible changes, not control of a closed circuit", () => {
  const { breaker } = setUp();
  const changes = () => breaker.getMetrics().metrics.stateChanges;
  breaker.disable();
  breaker.observe();
  breaker.reset();
  expect(changes()).toBe(0);
  breaker.isolate("maintenance");
  expect(changes()).toBe(1);
  breaker.release();
  expect(changes()).toBe(2);
});
