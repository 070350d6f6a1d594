/**
 * Rule 5: time and random numbers come from ports, and the path through a closed circuit uses
 * neither.
 */

import { afterEach, describe, expect, test, vi } from "vitest";
import { setUp, trip } from "../../../tests/breaker/harness.js";
import { CircuitBreaker } from "../circuit-breaker.js";
import { systemClock } from "../clock.js";
import type { TripOptions } from "../trip/trip-options.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Returns the number of clock reads for one success and one failure of a closed circuit. */
async function clockReads(trip: TripOptions, listens = false): Promise<number> {
  const now = vi.fn(() => 0);
  const breaker = new CircuitBreaker({ trip, clock: { now } });
  if (listens) breaker.on("success", () => {});
  now.mockClear();
  await breaker.execute(() => "value");
  await breaker.execute(() => Promise.reject(new Error("down"))).catch(() => {});
  breaker.acquire().success();
  return now.mock.calls.length;
}

describe("rule 5: clock", () => {
  test("the closed path reads no clock unless a policy needs it", async () => {
    expect(await clockReads({ consecutive: 5 })).toBe(0);
    expect(await clockReads({ failureRate: 0.9, windowCalls: 10 })).toBe(0);
    expect(await clockReads({ failureRate: 0.9, windowMs: 1_000 })).toBe(3);
    expect(await clockReads({ failures: 5, windowMs: 1_000 })).toBe(2);
    expect(await clockReads({ badSeconds: 5, windowMs: 9_000 })).toBe(4);
  });

  test("reads the clock when a listener needs the duration of calls", async () => {
    expect(await clockReads({ failureRate: 0.9, windowCalls: 10, slowCallMs: 9 })).toBe(6);
    expect(await clockReads({ consecutive: 5 }, true)).toBe(6);
  });

  test("a listener without events for single calls causes no clock reads", async () => {
    const now = vi.fn(() => 0);
    const breaker = new CircuitBreaker({ clock: { now } });
    breaker.on("stateChange", () => {});
    breaker.on("rejected", () => {});
    now.mockClear();
    await breaker.execute(() => "value");
    expect(now).not.toHaveBeenCalled();
  });

  test("by default it is monotonic, whatever happens to the wall clock", () => {
    vi.spyOn(Date, "now").mockReturnValue(0);
    const before = systemClock.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(Date.now).not.toHaveBeenCalled();
  });

  test("nothing in the breaker reads the wall time", () => {
    const wall = vi.spyOn(Date, "now");
    const { breaker, clock } = setUp();
    trip(breaker);
    clock.advance(1_000);
    breaker.acquire().success();
    breaker.getMetrics();
    expect(wall).not.toHaveBeenCalled();
  });

  test("random is injectable, and is called only when there is jitter", () => {
    const random = vi.fn(() => 0.5);
    const without = setUp({ random }).breaker;
    trip(without);
    expect(random).not.toHaveBeenCalled();
    const { breaker } = setUp({ random, openTimeJitter: 1 });
    trip(breaker);
    expect(random).toHaveBeenCalledTimes(1);
    expect(breaker.check().retryAfterMs).toBe(1_500);
  });
});
