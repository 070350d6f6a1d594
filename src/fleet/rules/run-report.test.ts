import { expect, test } from "vitest";
import { medianTimeToFailureMs } from "./run-report.js";

test("the time that a rejection avoids is the lower median of failed runs, and 0 below 5 of them", () => {
  expect(medianTimeToFailureMs([])).toBe(0);
  expect(medianTimeToFailureMs([60_000, 60_000, 60_000, 60_000])).toBe(0);
  expect(medianTimeToFailureMs([9_000, 100_000, 1_000, 30_000, 2_000])).toBe(9_000);
  expect(medianTimeToFailureMs([9_000, 100_000, 1_000, 30_000, 2_000, 10_000])).toBe(9_000);
});
