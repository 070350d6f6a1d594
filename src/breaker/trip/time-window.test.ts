import fc from "fast-check";
import { expect, test } from "vitest";
import { TimeWindow } from "./time-window.js";

const nothing = { calls: 0, failures: 0, slowCalls: 0 };

test("reads times, and is empty at first, whatever the clock shows", () => {
  expect(new TimeWindow(1_000).needsTime).toBe(true);
  for (const nowMs of [-5_000, 0, 1e12])
    expect(new TimeWindow(1_000).totals(nowMs)).toEqual(nothing);
});

test("drops a call when its tenth of the window is ten tenths old", () => {
  const window = new TimeWindow(1_000);
  window.add(150, true, true);
  expect(window.totals(1_099)).toEqual({ calls: 1, failures: 1, slowCalls: 1 });
  expect(window.totals(1_100)).toEqual(nothing);
});

test("reading drops nothing", () => {
  const window = new TimeWindow(1_000);
  window.add(0, true, false);
  window.totals(1e9);
  expect(window.totals(0)).toEqual({ calls: 1, failures: 1, slowCalls: 0 });
});

test("it holds exactly the calls of its newest ten buckets, also before the clock's zero", () => {
  const pause = fc.oneof(
    fc.double({ min: 0, max: 400, noNaN: true }),
    fc.constantFrom(0, 99, 100, 5_000),
  );
  const calls = fc.array(fc.tuple(pause, fc.boolean(), fc.boolean()), { maxLength: 40 });
  const windowMs = fc.constantFrom(1, 100, 777, 1_000, 3_333);
  fc.assert(
    fc.property(
      windowMs,
      fc.integer({ min: -9_999, max: 9_999 }),
      calls,
      (length, start, added) => {
        const window = new TimeWindow(length);
        const bucketOf = (timeMs: number) => Math.floor(timeMs / (length / 10));
        const seen: { bucket: number; failed: boolean; slow: boolean }[] = [];
        let nowMs = start;
        for (const [pauseMs, failed, slow] of added) {
          nowMs += pauseMs;
          const newest = bucketOf(nowMs);
          seen.push({ bucket: newest, failed, slow });
          const inside = seen.filter(({ bucket }) => bucket > newest - 10);
          const expected = {
            calls: inside.length,
            failures: inside.filter((call) => call.failed).length,
            slowCalls: inside.filter((call) => call.slow).length,
          };
          expect(window.add(nowMs, failed, slow)).toEqual(expected);
          expect(window.totals(nowMs)).toEqual(expected);
        }
      },
    ),
  );
});
