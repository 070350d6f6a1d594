/** Rule 4: reads change nothing, and there are no timers. */

import { afterEach, describe, expect, test, vi } from "vitest";
import { setUp, trip } from "../../../tests/breaker/harness.js";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("rule 4: reads change nothing", () => {
  test("after the open time it reads open with no time left, until a call arrives", () => {
    const { breaker, clock } = setUp();
    trip(breaker);
    clock.advance(50_000);
    for (let read = 0; read < 3; read++) {
      expect(breaker.state).toBe("open");
      expect(breaker.getMetrics()).toMatchObject({ state: "open", generation: 2, retryAfterMs: 0 });
      expect(breaker.check().admits).toBe(true);
    }
    breaker.acquire();
    expect(breaker.state).toBe("half-open");
  });

  test("only the next admission counts bad seconds that are due, not a read", () => {
    const { breaker, clock } = setUp({ trip: { badSeconds: 1, windowMs: 5_000 } });
    breaker.acquire().failure(new Error("down"));
    clock.advance(1_000);
    expect(breaker.check()).toEqual({ admits: false, reason: "open", retryAfterMs: 1_000 });
    expect(breaker.getMetrics()).toMatchObject({ state: "closed", retryAfterMs: 1_000 });
    expect(breaker.tryAcquire()).toMatchObject({ reason: "open", state: "open" });
    expect(breaker.state).toBe("open");
  });

  test("no read moves a lease or a window", () => {
    const { breaker, clock } = setUp({ trip: { failures: 2, windowMs: 1_000 } });
    breaker.acquire().failure(new Error("down"));
    clock.advance(1_001);
    expect(breaker.getMetrics().trip).toEqual({ policy: "failures", failures: 0 });
    expect(breaker.getMetrics().trip).toEqual({ policy: "failures", failures: 0 });
  });

  test("no state sets a timer", async () => {
    const timeouts = vi.spyOn(globalThis, "setTimeout");
    const intervals = vi.spyOn(globalThis, "setInterval");
    const { breaker, clock } = setUp();
    await breaker.execute(() => "value");
    trip(breaker);
    await breaker.tryExecute(() => "value");
    clock.advance(1_000);
    await breaker.execute(() => "value");
    expect(timeouts).not.toHaveBeenCalled();
    expect(intervals).not.toHaveBeenCalled();
  });
});
