import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunLimits } from "../run-plan.js";
import { AttemptLimits } from "./limits.js";

function limitsOf(limits: RunLimits, onOver: () => void, isHeldUp = () => false): AttemptLimits {
  return new AttemptLimits(limits, { onOver, isHeldUp });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("without limits nothing ever ends", () => {
  const onOver = vi.fn();
  const limits = limitsOf({}, onOver);
  vi.advanceTimersByTime(1e9);
  expect(onOver).not.toHaveBeenCalled();
  expect(limits.over).toBeNull();
});

test("progress resets only the idle limit", () => {
  const onOver = vi.fn();
  const limits = limitsOf({ idleTimeoutMs: 100, timeoutMs: 350 }, onOver);
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

test("a session ends the connect limit, which otherwise passes", () => {
  const onOver = vi.fn();
  limitsOf({ connectTimeoutMs: 100 }, onOver).connected();
  vi.advanceTimersByTime(200);
  expect(onOver).not.toHaveBeenCalled();
  const limits = limitsOf({ connectTimeoutMs: 100 }, onOver);
  vi.advanceTimersByTime(100);
  expect(limits.over).toBe("connect");
});

test("does not end an attempt that has ended", () => {
  const onOver = vi.fn();
  const limits = limitsOf({ timeoutMs: 100, idleTimeoutMs: 50 }, onOver);
  limits.end();
  limits.progressed();
  vi.advanceTimersByTime(1000);
  expect(onOver).not.toHaveBeenCalled();
});

test("does not count as idle while our own reader takes no output", () => {
  const onOver = vi.fn();
  let heldUp = true;
  const limits = limitsOf({ idleTimeoutMs: 100 }, onOver, () => heldUp);
  vi.advanceTimersByTime(1000);
  expect(onOver).not.toHaveBeenCalled();
  heldUp = false;
  vi.advanceTimersByTime(100);
  expect(limits.over).toBe("idle");
});

test("isConnected is true after a session, also without a connect limit", () => {
  const limits = limitsOf({}, vi.fn());
  expect(limits.isConnected).toBe(false);
  limits.connected();
  expect(limits.isConnected).toBe(true);
});

test("the clocks pause while the command is stopped", () => {
  const onOver = vi.fn();
  const limits = limitsOf({ timeoutMs: 100, idleTimeoutMs: 80 }, onOver);
  vi.advanceTimersByTime(50);
  limits.pause();
  limits.pause();
  vi.advanceTimersByTime(10_000);
  limits.resume();
  limits.resume();
  vi.advanceTimersByTime(29);
  expect(onOver).not.toHaveBeenCalled();
  vi.advanceTimersByTime(2);
  expect(limits.over).toBe("idle");
});

test("a stop without notice does not count either", () => {
  const onOver = vi.fn();
  const clock = performance.now.bind(performance);
  limitsOf({ timeoutMs: 5_000 }, onOver);
  vi.advanceTimersByTime(900);
  // Imitates SIGSTOP: time passes, but no timer runs.
  const stopped = vi.spyOn(performance, "now").mockImplementation(() => clock() + 60_000);
  vi.advanceTimersByTime(4_000);
  expect(onOver).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_200);
  expect(onOver.mock.calls).toEqual([["total"]]);
  stopped.mockRestore();
});

test("if no signs arrive until the first output, the idle limit begins with it", () => {
  const onOver = vi.fn();
  const limits = limitsOf({ idleTimeoutMs: 100, idleFromFirstSign: true }, onOver);
  vi.advanceTimersByTime(10_000);
  expect(onOver).not.toHaveBeenCalled();
  limits.progressed();
  vi.advanceTimersByTime(60);
  limits.progressed();
  vi.advanceTimersByTime(60);
  expect(onOver).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60);
  expect(limits.over).toBe("idle");
});

describe("after its last session was lost", () => {
  test("a command that continues silently is ended after a while", () => {
    const limits = limitsOf({ lostSessionGraceMs: 100 }, vi.fn());
    vi.advanceTimersByTime(1_000);
    limits.sessionLost();
    vi.advanceTimersByTime(60);
    limits.progressed();
    vi.advanceTimersByTime(60);
    expect(limits.over).toBeNull();
    vi.advanceTimersByTime(60);
    expect(limits.over).toBe("session");
  });

  test("a command that opens another session continues", () => {
    const limits = limitsOf({ lostSessionGraceMs: 100 }, vi.fn());
    limits.sessionLost();
    limits.connected();
    vi.advanceTimersByTime(1_000);
    expect(limits.over).toBeNull();
  });

  test("a command that ends in time is not ended, even if its output is still open", () => {
    const limits = limitsOf({ lostSessionGraceMs: 100 }, vi.fn());
    limits.sessionLost();
    limits.commandEnded();
    vi.advanceTimersByTime(1000);
    expect(limits.over).toBeNull();
  });

  test("nothing is ended if that was not configured", () => {
    const limits = limitsOf({}, vi.fn());
    limits.sessionLost();
    vi.advanceTimersByTime(1e9);
    expect(limits.over).toBeNull();
  });
});
