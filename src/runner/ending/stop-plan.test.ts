import { expect, test } from "vitest";
import { STOP_TIMES, stopPlan } from "./stop-plan.js";

test("interrupts dagger first, because it reports what hung only then", () => {
  expect(stopPlan(true, STOP_TIMES)).toEqual([
    { signal: "SIGINT", forMs: 10_000 },
    { signal: "SIGTERM", forMs: 2_000 },
  ]);
});

test("any other program gets its usual signal", () => {
  expect(stopPlan(false, { ...STOP_TIMES, graceMs: 500 })).toEqual([
    { signal: "SIGTERM", forMs: 500 },
  ]);
});
