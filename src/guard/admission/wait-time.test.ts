import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WaitTime } from "./wait-time.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("parallel waits count once, from the first to the last", () => {
  const waits = new WaitTime();
  const [one, other] = [waits.begin(), waits.begin()];
  one.starts();
  vi.advanceTimersByTime(30);
  other.starts();
  other.starts();
  vi.advanceTimersByTime(20);
  one.ends();
  vi.advanceTimersByTime(10);
  expect(waits.totalMs).toBe(0);
  other.ends();
  other.ends();
  expect(waits.totalMs).toBe(60);
});

test("a call that is admitted at once does not wait", () => {
  const waits = new WaitTime();
  const call = waits.begin();
  vi.advanceTimersByTime(30);
  call.ends();
  expect(waits.totalMs).toBe(0);
});
