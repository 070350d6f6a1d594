import fc from "fast-check";
import { expect, test } from "vitest";
import { CountWindow } from "./count-window.js";

test("reads no time, and is empty at first", () => {
  const window = new CountWindow(3);
  expect(window.needsTime).toBe(false);
  expect(window.totals()).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
});

test("it holds exactly the last calls, each failed, slow, both or neither", () => {
  const calls = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 50 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), calls, (size, added) => {
      const window = new CountWindow(size);
      for (const [index, [failed, slow]] of added.entries()) {
        const inside = added.slice(Math.max(0, index + 1 - size), index + 1);
        const expected = {
          calls: inside.length,
          failures: inside.filter(([itFailed]) => itFailed).length,
          slowCalls: inside.filter(([, wasSlow]) => wasSlow).length,
        };
        expect(window.add(Number.NaN, failed, slow)).toEqual(expected);
        expect(window.totals()).toEqual(expected);
      }
    }),
  );
});

test("totals that were read do not change", () => {
  const window = new CountWindow(3);
  const before = window.totals();
  window.add(0, true, true);
  expect(before).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
});
