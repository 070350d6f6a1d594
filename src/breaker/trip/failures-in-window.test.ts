import fc from "fast-check";
import { expect, test } from "vitest";
import { FailuresInWindowTrip } from "./failures-in-window.js";

test("reads times, judges no admission, and ignores successes", () => {
  const trip = new FailuresInWindowTrip(2, 1_000);
  expect([trip.needsTime, trip.judgesAtAdmission, trip.isDue()]).toEqual([true, false, false]);
  trip.failure(0);
  expect(trip.success()).toBe(false);
  expect(trip.snapshot(0)).toEqual({ policy: "failures", failures: 1 });
});

test("a failure exactly as old as the window still counts", () => {
  const inside = new FailuresInWindowTrip(2, 1_000);
  expect([inside.failure(0), inside.failure(1_000)]).toEqual([false, true]);
  const outside = new FailuresInWindowTrip(2, 1_000);
  expect([outside.failure(0), outside.failure(1_000.5)]).toEqual([false, false]);
});

test("trips after one failure if the threshold is one", () => {
  expect(new FailuresInWindowTrip(1, 1).failure(5)).toBe(true);
});

test("trips when the threshold lies within the window, however many failures came before", () => {
  const pauses = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 40 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), pauses, (failures, between) => {
      const trip = new FailuresInWindowTrip(failures, 1_000);
      const times: number[] = [];
      let nowMs = 0;
      for (const pauseMs of between) {
        nowMs += pauseMs;
        times.push(nowMs);
        const inside = times.filter((timeMs) => timeMs >= nowMs - 1_000).length;
        expect(trip.failure(nowMs)).toBe(inside >= failures);
        const counted = Math.min(inside, failures);
        expect(trip.snapshot(nowMs)).toEqual({ policy: "failures", failures: counted });
      }
    }),
  );
});
