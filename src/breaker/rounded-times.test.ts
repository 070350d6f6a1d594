import fc from "fast-check";
import { expect, test } from "vitest";
import { ageMs, remainingMs } from "./rounded-times.js";

test("the remaining time is a whole number of milliseconds, and never too short", () => {
  const moment = fc.double({ min: 0, max: 1e9, noNaN: true });
  const duration = fc.integer({ min: 0, max: 3_600_000 });
  fc.assert(
    fc.property(moment, duration, (nowMs, durationMs) => {
      expect(remainingMs(nowMs + durationMs, nowMs)).toBe(durationMs);
    }),
  );
  expect(remainingMs(10.2, 10)).toBe(1);
  expect(remainingMs(61_000.001, 1_000)).toBe(60_001);
  expect(remainingMs(61_000.000_1, 1_000)).toBe(60_000);
});

test("the remaining time of the past is 0", () => {
  expect(remainingMs(5, 10)).toBe(0);
});

test("an age is a whole number of milliseconds, and never too high", () => {
  expect([ageMs(10, 10.9), ageMs(0.1, 60_000.1), ageMs(1_000, 61_000.001)]).toEqual([
    0, 60_000, 60_000,
  ]);
});
