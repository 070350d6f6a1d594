import { expect, test } from "vitest";
import { STOP_TIMES, stopPlan } from "./stop-plan.js";

test("dagger is interrupted first, since it tells what hung upon that alone", () => {
  expect(stopPlan(true, STOP_TIMES)).toEqual([
    { signal: "SIGINT", forMs: 10_000 },
    { signal: "SIGTERM", forMs: 2_000 },
  ]);
});

test("any other program gets the signal that it would get elsewhere", () => {
  expect(stopPlan(false, { ...STOP_TIMES, graceMs: 500 })).toEqual([
    { signal: "SIGTERM", forMs: 500 },
  ]);
});
