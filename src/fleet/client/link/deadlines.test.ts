import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeTime, tick } from "../../../../tests/fleet/scripted-store.js";
import { Deadlines } from "./deadlines.js";

beforeEach(fakeTime);
afterEach(() => {
  vi.useRealTimers();
});

const wait = (awaited = true) => ({ startedMs: performance.now(), awaited });

test("reports each wait at its own limit, with one timer for all", async () => {
  const late: unknown[] = [];
  const deadlines: Deadlines<ReturnType<typeof wait>> = new Deadlines(100, (one) => {
    late.push(one);
    deadlines.end(one);
  });
  const first = wait();
  deadlines.begin(first);
  await tick(40);
  const [second, third] = [wait(), wait(false)];
  deadlines.begin(second);
  deadlines.begin(third);
  expect(vi.getTimerCount()).toBe(1);
  await tick(59);
  expect(late).toEqual([]);
  await tick(1);
  expect(late).toEqual([first]);
  expect(deadlines.end(second)).toBe(true);
  expect(deadlines.end(second)).toBe(false);
  await tick(40);
  expect(late).toEqual([first, third]);
  expect(deadlines.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a wait that ends in the turn in which its limit passes is not late", async () => {
  const deadlines = new Deadlines<ReturnType<typeof wait>>(100, () => expect.fail("it was ended"));
  const one = wait();
  deadlines.begin(one);
  vi.advanceTimersByTime(100);
  deadlines.end(one);
  await tick();
});

test("leaves no timer when nothing waits", () => {
  const deadlines = new Deadlines<ReturnType<typeof wait>>(100, () => expect.fail("it was ended"));
  const waits = [wait(), wait(false), wait()];
  for (const one of waits) deadlines.begin(one);
  expect(deadlines.size).toBe(3);
  for (const one of waits) deadlines.end(one);
  expect(vi.getTimerCount()).toBe(0);
});
