import { expect, test } from "vitest";
import { ConsecutiveTrip } from "./consecutive.js";

test("it trips at the threshold, counting from the last success", () => {
  const trip = new ConsecutiveTrip(3);
  expect([trip.failure(), trip.failure(), trip.success()]).toEqual([false, false, false]);
  expect(trip.snapshot()).toEqual({ policy: "consecutive", consecutiveFailures: 0 });
  expect([trip.failure(), trip.failure(), trip.failure()]).toEqual([false, false, true]);
  expect(trip.snapshot()).toEqual({ policy: "consecutive", consecutiveFailures: 3 });
});

test("reads no time and judges no admission", () => {
  const trip = new ConsecutiveTrip(1);
  trip.failure();
  expect([trip.needsTime, trip.judgesAtAdmission, trip.isDue()]).toEqual([false, false, false]);
});
