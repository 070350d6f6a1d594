import { expect, test } from "vitest";
import { BadSecondsTrip } from "../trip/bad-seconds.js";
import { ConsecutiveTrip } from "../trip/consecutive.js";
import { ClosedState } from "./closed.js";

test("admits every call", () => {
  const state = new ClosedState(5, new ConsecutiveTrip(1));
  state.policy.failure(5, false);
  expect([state.kind, state.sinceMs, state.admission(1e9)]).toEqual(["closed", 5, "admit"]);
});

test("trips at an admission when its policy is due", () => {
  const state = new ClosedState(0, new BadSecondsTrip(1, 5_000));
  state.policy.failure(0, false);
  expect([state.admission(999), state.admission(1_000)]).toEqual(["admit", "trip"]);
});
