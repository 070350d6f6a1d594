import { expect, test } from "vitest";
import { systemClock } from "./clock.js";

test("the clock of the process never goes back", () => {
  let before = systemClock.now();
  for (let read = 0; read < 1_000; read++) {
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
});
