import { expect, test, vi } from "vitest";
import { systemClock } from "./clock.js";

test("the clock of the process never goes back", () => {
  let before = systemClock.now();
  for (let read = 0; read < 1_000; read++) {
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
});

test("the clock of the process follows a test that fakes it", () => {
  vi.useFakeTimers();
  try {
    const startMs = systemClock.now();
    vi.advanceTimersByTime(60_000);
    expect(systemClock.now() - startMs).toBe(60_000);
  } finally {
    vi.useRealTimers();
  }
});
