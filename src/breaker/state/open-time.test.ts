import fc from "fast-check";
import { expect, test } from "vitest";
import { type CircuitBreakerOptions, readSettings } from "../options.js";
import { ClosedState } from "./closed.js";
import { HalfOpenState } from "./half-open.js";
import { openingsInARow, openTimeMs } from "./open-time.js";

function settings(options: CircuitBreakerOptions) {
  return readSettings({ resetTimeoutMs: 1_000, ...options }).settings;
}

test("the open time lies between the requested delay and the cap, jitter included", () => {
  const factor = fc.double({ min: 1, max: 100, noNaN: true });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const asked = fc.oneof(fc.nat(1e7), fc.constant(Number.POSITIVE_INFINITY));
  const openings = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(factor, share, share, asked, openings, (growth, jitter, chance, wanted, times) => {
      const options = { openTimeGrowthFactor: growth, openTimeJitter: jitter, maxOpenMs: 50_000 };
      const least = openTimeMs(times, wanted, 0, settings(options));
      const openMs = openTimeMs(times, wanted, chance, settings(options));
      expect(least).toBeGreaterThanOrEqual(Math.min(50_000, Math.max(1_000, wanted)));
      expect(openMs).toBeGreaterThanOrEqual(least);
      expect(openMs).toBeLessThanOrEqual(50_000);
      expect(openMs).toBeLessThanOrEqual(least * (1 + jitter * chance) + 1e-6);
    }),
  );
});

test("backoff grows by the factor at every opening after the first", () => {
  const growing = settings({ openTimeGrowthFactor: 3 });
  expect([1, 2, 3].map((times) => openTimeMs(times, 0, 0, growing))).toEqual([1_000, 3_000, 9_000]);
});

test("openings are consecutive until the circuit has been closed for a reset timeout", () => {
  const limits = settings({});
  const closed = new ClosedState(500, limits.trip.newPolicy());
  expect(openingsInARow(0, closed, 600, limits)).toBe(1);
  expect(openingsInARow(3, closed, 1_499, limits)).toBe(4);
  expect(openingsInARow(3, closed, 1_500, limits)).toBe(1);
});

test("a reopening after any time in half-open is consecutive", () => {
  const limits = settings({});
  const halfOpen = new HalfOpenState(0, limits.trip.newPolicy().snapshot(0), undefined, limits);
  expect(openingsInARow(3, halfOpen, 1e9, limits)).toBe(4);
});
