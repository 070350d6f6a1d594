/** Rule 8: manual control. */

import { describe, expect, test } from "vitest";
import { counted, deferred, setUp, setUpHalfOpen, trip } from "../../../tests/breaker/harness.js";
import type { CircuitBreaker } from "../circuit-breaker.js";

const down = new Error("down");

const controls: [string, (breaker: CircuitBreaker) => void][] = [
  ["isolated", (breaker) => breaker.isolate("maintenance")],
  ["observe", (breaker) => breaker.observe()],
  ["disabled", (breaker) => breaker.disable()],
  ["automatic", (breaker) => breaker.release()],
];

describe("rule 8: control", () => {
  test.each(controls)("control is one field: %s", (control, steer) => {
    const { breaker } = setUp();
    expect(breaker.getMetrics().control).toBe("automatic");
    steer(breaker);
    expect(breaker.getMetrics().control).toBe(control);
  });

  test.each([...controls, ["reset", (breaker: CircuitBreaker) => breaker.reset()] as const])(
    "%s aborts no running call, whose outcome is late",
    async (_name, steer) => {
      const { breaker } = setUp();
      const { promise, resolve } = deferred();
      const call = breaker.execute(() => promise);
      steer(breaker);
      resolve("value");
      expect(await call).toBe("value");
      expect(counted(breaker)).toMatchObject({ lateCount: 1 });
      expect(breaker.getMetrics().inFlightCount).toBe(0);
    },
  );
});

describe("rule 8: isolate", () => {
  test("rejects every call, however much time passes, and reads open", () => {
    const { breaker, clock } = setUp();
    breaker.isolate("maintenance until noon");
    clock.advance(1e9);
    expect(() => breaker.acquire()).toThrow("circuit isolated: default, maintenance until noon");
    expect(breaker.tryAcquire()).toMatchObject({ reason: "isolated", retryAfterMs: undefined });
    expect(breaker.state).toBe("open");
    expect(breaker.getMetrics()).toMatchObject({
      isolationReason: "maintenance until noon",
      retryAfterMs: undefined,
      trip: undefined,
    });
  });

  test("a listener that isolates leaves the call under admission in its own generation", () => {
    const { breaker, clock } = setUp();
    trip(breaker);
    breaker.on("stateChange", ({ to }) => {
      if (to === "half-open") breaker.isolate("maintenance");
    });
    clock.advance(1_000);
    const probe = breaker.acquire();
    expect([probe.generation, breaker.getMetrics().generation]).toEqual([3, 4]);
    probe.failure(down);
    expect(counted(breaker)).toMatchObject({ failureCount: 1, lateCount: 1 });
  });

  test("another isolation replaces the reason", () => {
    const { breaker } = setUp();
    breaker.isolate("first");
    breaker.isolate("second");
    expect(breaker.getMetrics().isolationReason).toBe("second");
    expect(counted(breaker)).toEqual({ stateChanges: 1 });
  });
});

describe("rule 8: disable", () => {
  test("admits every call and reads closed, whatever fails", () => {
    const { breaker } = setUp();
    trip(breaker);
    breaker.disable();
    for (let call = 0; call < 10; call++) breaker.acquire().failure(down, { openNow: true });
    expect(breaker.state).toBe("closed");
    expect(breaker.check()).toEqual({ admits: true, reason: undefined, retryAfterMs: 0 });
    expect(counted(breaker)).toMatchObject({ failureCount: 11 });
  });

  test("failures under disable do not count afterwards", () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    breaker.disable();
    breaker.acquire().failure(down);
    breaker.observe();
    breaker.acquire().failure(down);
    expect(breaker.state).toBe("closed");
  });

  test("reports the duration of an observed call too", () => {
    const { breaker, clock } = setUp();
    const durations: unknown[] = [];
    breaker.on("success", ({ durationMs }) => durations.push(durationMs));
    breaker.disable();
    const permit = breaker.acquire();
    clock.advance(25);
    permit.success();
    expect(durations).toEqual([25]);
  });
});

describe("rule 8: release and reset", () => {
  test("release makes it automatic and closed, with an empty window", () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    breaker.acquire().failure(down);
    breaker.isolate("maintenance");
    breaker.release();
    expect(breaker.getMetrics()).toMatchObject({
      state: "closed",
      control: "automatic",
      isolationReason: undefined,
      trip: { consecutiveFailures: 0 },
    });
    breaker.acquire().failure(down);
    expect(breaker.state).toBe("closed");
  });

  test("reset closes with an empty window and keeps counters", () => {
    const { breaker } = setUp({ failureThreshold: 2 });
    breaker.acquire().failure(down);
    breaker.reset();
    expect(breaker.getMetrics().trip).toEqual({ policy: "consecutive", consecutiveFailures: 0 });
    expect(counted(breaker)).toEqual({ failureCount: 1 });
    trip(breaker);
    breaker.reset();
    expect(breaker.state).toBe("closed");
  });

  test.each<[string, (breaker: CircuitBreaker) => void]>([
    ["reset", (breaker) => breaker.reset()],
    ["release", (breaker) => breaker.release()],
  ])("%s forgets growth", (_name, steer) => {
    const { breaker, clock } = setUp({ openTimeGrowthFactor: 2 });
    trip(breaker);
    clock.advance(1_000);
    breaker.acquire().failure(down);
    expect(breaker.check().retryAfterMs).toBe(2_000);
    steer(breaker);
    trip(breaker);
    expect(breaker.check().retryAfterMs).toBe(1_000);
  });

  test.each(controls)("reset keeps the control %s", (control, steer) => {
    const { breaker } = setUp();
    steer(breaker);
    breaker.reset();
    expect(breaker.getMetrics().control).toBe(control);
  });

  test("reset does not end an isolation", () => {
    const { breaker } = setUp();
    breaker.isolate("maintenance");
    breaker.reset();
    expect(() => breaker.acquire()).toThrow("maintenance");
    expect(breaker.getMetrics().isolationReason).toBe("maintenance");
  });
});

describe("rule 8: observe", () => {
  test("it runs the same machine: it opens, probes and closes", () => {
    const { breaker, clock } = setUp();
    breaker.observe();
    trip(breaker);
    expect(breaker.state).toBe("open");
    clock.advance(1_000);
    const probe = breaker.acquire();
    expect(breaker.state).toBe("half-open");
    probe.success();
    expect(breaker.state).toBe("closed");
  });

  test("a call that would be rejected runs and counts for wouldRejectCount alone", async () => {
    const { breaker } = setUp();
    breaker.observe();
    trip(breaker);
    const before = counted(breaker);
    expect(await breaker.execute(() => "value")).toBe("value");
    breaker.acquire().failure(down);
    breaker.acquire().ignore();
    breaker.acquire().release();
    expect(counted(breaker)).toEqual({ ...before, wouldRejectCount: 4 });
    expect(breaker.getMetrics().inFlightCount).toBe(0);
  });

  test("such a call takes no probe slot and gives none back", () => {
    const { breaker, clock } = setUpHalfOpen({ halfOpenProbeTimeoutMs: 300 });
    breaker.observe();
    breaker.acquire();
    const unseen = breaker.acquire();
    expect(counted(breaker)).toMatchObject({ wouldRejectCount: 1 });
    unseen.success();
    expect(breaker.state).toBe("half-open");
    clock.advance(299);
    expect(breaker.check()).toEqual({ admits: true, reason: "probing", retryAfterMs: 1 });
  });

  test("check admits, and gives the reason why an automatic breaker would not", () => {
    const { breaker } = setUp();
    breaker.observe();
    trip(breaker);
    expect(breaker.check()).toEqual({ admits: true, reason: "open", retryAfterMs: 1_000 });
  });

  test("continues from the state and the window that it finds", () => {
    const closed = setUp({ failureThreshold: 2 }).breaker;
    closed.acquire().failure(down);
    closed.observe();
    closed.acquire().failure(down);
    expect(closed.state).toBe("open");
    const { breaker, clock } = setUp();
    trip(breaker);
    clock.advance(400);
    const delays: unknown[] = [];
    breaker.on("stateChange", ({ retryAfterMs }) => delays.push(retryAfterMs));
    breaker.observe();
    expect(breaker.check().retryAfterMs).toBe(600);
    clock.advance(700);
    breaker.observe();
    breaker.release();
    expect(delays).toEqual([600, undefined]);
  });

  test("a half-open circuit probes anew", () => {
    const { breaker } = setUpHalfOpen();
    const probe = breaker.acquire();
    breaker.observe();
    expect(breaker.check().reason).toBeUndefined();
    probe.success();
    expect(breaker.state).toBe("half-open");
  });

  test("after isolation it begins closed", () => {
    const { breaker } = setUp();
    trip(breaker);
    breaker.isolate("maintenance");
    breaker.observe();
    expect(breaker.state).toBe("closed");
    expect(breaker.getMetrics().isolationReason).toBeUndefined();
  });
});
