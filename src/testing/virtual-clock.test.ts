import { expect, test } from "vitest";
import { retryWithBackoff } from "../policies/retry/retry.js";
import { VirtualClock } from "./virtual-clock.js";

test("timers run in the order of their times, each at its time", () => {
  const clock = new VirtualClock();
  const ran: [string, number][] = [];
  const note = (name: string) => () => void ran.push([name, clock.now()]);
  clock.setTimer(note("late"), 20);
  clock.setTimer(note("early"), 10);
  clock.setTimer(note("also early"), 10);
  clock.advance(9);
  expect(ran).toEqual([]);
  clock.advance(100);
  expect(ran).toEqual([
    ["early", 10],
    ["also early", 10],
    ["late", 20],
  ]);
  expect(clock.now()).toBe(109);
  expect(clock.timerCount).toBe(0);
});

test("a canceled timer does not run", () => {
  const clock = new VirtualClock();
  let ran = false;
  const cancel = clock.setTimer(() => {
    ran = true;
  }, 5);
  expect(clock.timerCount).toBe(1);
  cancel();
  clock.advance(10);
  expect(ran).toBe(false);
});

test("a timer that a timer starts runs within the same advance", () => {
  const clock = new VirtualClock();
  const ranAt: number[] = [];
  const again = () => {
    ranAt.push(clock.now());
    if (ranAt.length < 3) clock.setTimer(again, 10);
  };
  clock.setTimer(again, -1);
  clock.advance(25);
  expect(ranAt).toEqual([0, 10, 20]);
});

test("advanceAsync passes through all attempts of a retry", async () => {
  const clock = new VirtualClock();
  const atMs: number[] = [];
  const retried = retryWithBackoff(
    async () => {
      atMs.push(clock.now());
      if (atMs.length < 4) throw new Error("down");
      return "up";
    },
    { jitter: false, clock },
  );
  await clock.advanceAsync(60_000);
  expect(await retried).toBe("up");
  expect(atMs).toEqual([0, 1_000, 3_000, 7_000]);
  expect(clock.now()).toBe(60_000);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("time never goes by %d", async (ms) => {
  const clock = new VirtualClock();
  expect(() => clock.advance(ms)).toThrow(RangeError);
  await expect(clock.advanceAsync(ms)).rejects.toThrow(`ms is ${ms}`);
});
