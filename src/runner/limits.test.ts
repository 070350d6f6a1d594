import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AttemptLimits } from "./limits.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("without limits nothing ever ends", () => {
  const onOver = vi.fn();
  const limits = new AttemptLimits({}, onOver);
  vi.advanceTimersByTime(1e9);
  expect(onOver).not.toHaveBeenCalled();
  expect(limits.over).toBeNull();
});

test("progress puts off the idle limit, and nothing else", () => {
  const onOver = vi.fn();
  const limits = new AttemptLimits({ idleTimeoutMs: 100, timeoutMs: 350 }, onOver);
  for (let steps = 0; steps < 4; steps += 1) {
    vi.advanceTimersByTime(80);
    limits.progressed();
  }
  expect(onOver).not.toHaveBeenCalled();
  vi.advanceTimersByTime(30);
  expect(onOver.mock.calls).toEqual([["total"]]);
  vi.advanceTimersByTime(1000);
  expect(onOver).toHaveBeenCalledTimes(1);
});

test("a session ends the connect limit, and without one it is over", () => {
  const onOver = vi.fn();
  new AttemptLimits({ connectTimeoutMs: 100 }, onOver).connected();
  vi.advanceTimersByTime(200);
  expect(onOver).not.toHaveBeenCalled();
  const limits = new AttemptLimits({ connectTimeoutMs: 100 }, onOver);
  vi.advanceTimersByTime(100);
  expect(limits.over).toBe("connect");
});

test("an attempt that has ended is not ended again", () => {
  const onOver = vi.fn();
  const limits = new AttemptLimits({ timeoutMs: 100, idleTimeoutMs: 50 }, onOver);
  limits.end();
  limits.progressed();
  vi.advanceTimersByTime(1000);
  expect(onOver).not.toHaveBeenCalled();
});
