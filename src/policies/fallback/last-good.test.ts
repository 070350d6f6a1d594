import { afterEach, expect, test, vi } from "vitest";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { isLastGood, lastGood } from "./last-good.js";

afterEach(() => void vi.useRealTimers());

test("remembers the last value until its maximum age", () => {
  const clock = new VirtualClock();
  const memory = lastGood<string | undefined>({ maxAgeMs: 1000, clock });
  expect(memory.recall()).toBeUndefined();
  memory.remember("first");
  clock.advance(600);
  memory.remember("second");
  clock.advance(1000);
  expect(memory.recall()).toMatchObject({ value: "second" });
  clock.advance(1);
  expect(memory.recall()).toBeUndefined();
  memory.remember(undefined);
  expect(memory.recall()).toMatchObject({ value: undefined });
});

test("measures the age with the clock of the process by default", () => {
  vi.useFakeTimers();
  const memory = lastGood<number>({ maxAgeMs: 1000 });
  memory.remember(5);
  vi.advanceTimersByTime(1000);
  expect(memory.recall()).toMatchObject({ value: 5 });
  vi.advanceTimersByTime(1);
  expect(memory.recall()).toBeUndefined();
});

test("every memory starts empty", () => {
  const memory = lastGood<number>({ maxAgeMs: 1000 });
  memory.remember(5);
  expect(lastGood<number>({ maxAgeMs: 1000 }).recall()).toBeUndefined();
});

test("recognizes a memory, even of another copy of the package, and nothing else", async () => {
  vi.resetModules();
  const other = await import("./last-good.js");
  expect(isLastGood(lastGood({ maxAgeMs: 5 }))).toBe(true);
  expect(isLastGood(other.lastGood({ maxAgeMs: 5 }))).toBe(true);
  for (const value of [null, undefined, "text", () => 1, { remember() {}, recall() {} }]) {
    expect(isLastGood(value)).toBe(false);
  }
});

test.each([
  [undefined, 'lastGood option "maxAgeMs" is undefined, expected a number of milliseconds above 0'],
  [{ maxAgeMs: 0 }, 'lastGood option "maxAgeMs" is 0'],
  [{ maxAgeMs: 5, clock: 5 }, 'lastGood option "clock" is 5, expected an object with "now"'],
  [{ maxAge: 5 }, 'lastGood option "maxAge" is not known'],
])("wrong options throw: %j", (options, message) => {
  expect(() => lastGood(options as never)).toThrow(message);
});
