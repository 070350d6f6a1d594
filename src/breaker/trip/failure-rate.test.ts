import { describe, expect, test } from "vitest";
import { CountWindow } from "./count-window.js";
import { FailureRateTrip } from "./failure-rate.js";
import { TimeWindow } from "./time-window.js";

const NEVER = Number.POSITIVE_INFINITY;

function newTrip(thresholds: {
  failureRate?: number;
  minimumCalls?: number;
  slowCallRate?: number;
}) {
  const defaults = { failureRate: 1, minimumCalls: 1, slowCallRate: NEVER };
  return new FailureRateTrip(new CountWindow(4), { ...defaults, ...thresholds });
}

describe("failure rate", () => {
  test("trips when the rate is reached, not only when it is exceeded", () => {
    const trip = newTrip({ failureRate: 0.5, minimumCalls: 4 });
    const answers = [
      trip.success(0, false),
      trip.failure(0, false),
      trip.success(0, false),
      trip.failure(0, false),
    ];
    expect(answers).toEqual([false, false, false, true]);
  });

  test("a success that completes the minimum of calls can trip", () => {
    const trip = newTrip({ failureRate: 0.5, minimumCalls: 3 });
    expect([trip.failure(0, false), trip.failure(0, false)]).toEqual([false, false]);
    expect(trip.success(0, false)).toBe(true);
  });

  test("slow calls trip by their own share, whether they failed or not", () => {
    const trip = newTrip({ slowCallRate: 0.5, minimumCalls: 2 });
    expect([trip.success(0, false), trip.success(0, true)]).toEqual([false, true]);
    const failing = newTrip({ failureRate: 1, slowCallRate: 0.5, minimumCalls: 3 });
    failing.success(0, false);
    failing.success(0, false);
    expect([failing.failure(0, true), failing.failure(0, true)]).toEqual([false, true]);
  });

  test("reads times if its window does, and judges no admission", () => {
    const thresholds = { failureRate: 1, minimumCalls: 1, slowCallRate: NEVER };
    expect(newTrip({}).needsTime).toBe(false);
    const overTime = new FailureRateTrip(new TimeWindow(1_000), thresholds);
    overTime.failure(0, false);
    expect([overTime.needsTime, overTime.judgesAtAdmission, overTime.isDue()]).toEqual([
      true,
      false,
      false,
    ]);
    expect(overTime.snapshot(999)).toMatchObject({ policy: "failureRate", calls: 1, failures: 1 });
    expect(overTime.snapshot(1_000)).toMatchObject({ calls: 0, failures: 0 });
  });
});
