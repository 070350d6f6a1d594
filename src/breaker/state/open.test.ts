import { expect, test } from "vitest";
import { OpenState } from "./open.js";

test("rejects with the remaining time until its time is over", () => {
  const failure = { error: new Error("down"), quietUntilMs: undefined };
  const counted = { policy: "consecutive", consecutiveFailures: 5 } as const;
  const state = new OpenState(1_000, 3_000, counted, failure);
  expect([state.kind, state.sinceMs, state.failure]).toEqual(["open", 1_000, failure]);
  expect(state.admission(1_000)).toEqual({ reason: "open", retryAfterMs: 2_000 });
  expect(state.admission(2_999.5)).toEqual({ reason: "open", retryAfterMs: 1 });
  expect(state.admission(3_000)).toBe("probe");
  expect(state.admission(9_000)).toBe("probe");
});
