import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type TripRule,
  tripsNow,
  type WindowEntry,
} from "../../../tests/breaker/reference-trip.js";
import { BadSecondsTrip } from "./bad-seconds.js";

test("reads times and judges at admissions", () => {
  const trip = new BadSecondsTrip(1, 1_000);
  expect([trip.needsTime, trip.judgesAtAdmission]).toEqual([true, true]);
});

test("is not due without outcomes", () => {
  const trip = new BadSecondsTrip(1, 5_000);
  expect(trip.isDue(1e9)).toBe(false);
  expect(trip.snapshot(1e9)).toEqual({ policy: "badSeconds", badSeconds: 0 });
});

test("does not judge the current second, which is bad only if more calls failed than succeeded", () => {
  const trip = new BadSecondsTrip(1, 5_000);
  trip.failure(0);
  trip.failure(500);
  trip.success(999);
  expect([trip.isDue(999), trip.isDue(1_000)]).toEqual([false, true]);
  trip.success(999.5);
  expect(trip.isDue(1_000)).toBe(false);
});

test("seconds without outcomes do not break the row", () => {
  const trip = new BadSecondsTrip(2, 10_000);
  trip.failure(0);
  trip.failure(7_000);
  expect(trip.isDue(8_000)).toBe(true);
});

test("reading changes nothing", () => {
  const trip = new BadSecondsTrip(2, 3_000);
  trip.failure(0);
  trip.snapshot(50_000);
  trip.isDue(50_000);
  trip.failure(1_500);
  expect(trip.isDue(2_500)).toBe(true);
});

test("trips exactly when the complete history requires it", () => {
  const outcome = fc.tuple(fc.constantFrom(0, 1, 400, 999, 1_000, 1_001, 2_600), fc.boolean());
  const history = fc.array(outcome, { maxLength: 40 });
  const limits = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4_000 }));
  fc.assert(
    fc.property(limits, history, ([badSeconds, spareMs], outcomes) => {
      const rule: TripRule = { badSeconds, windowMs: badSeconds * 1_000 + spareMs };
      const trip = new BadSecondsTrip(badSeconds, rule.windowMs as number);
      const entries: WindowEntry[] = [];
      let nowMs = 0;
      for (const [pauseMs, failed] of outcomes) {
        nowMs += pauseMs;
        expect(trip.isDue(nowMs)).toBe(tripsNow(rule, entries, nowMs));
        entries.push({ atMs: nowMs, failed, slow: false });
        const trips = failed ? trip.failure(nowMs) : trip.success(nowMs);
        expect(trips).toBe(tripsNow(rule, entries, nowMs));
        if (trips) return;
      }
    }),
  );
});
