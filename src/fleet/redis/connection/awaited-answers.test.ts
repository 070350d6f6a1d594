import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeTime } from "../../../../tests/fleet/scripted-store.js";
import { AwaitedAnswers } from "./awaited-answers.js";

beforeEach(fakeTime);
afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => {});

test("an answer that takes too long is given up, and those asked for later are waited for", async () => {
  const answers = new AwaitedAnswers(1000, 5000);
  const late = answers.take(never());
  await vi.advanceTimersByTimeAsync(3000);
  const inTime = answers.take(new Promise((resolve) => setTimeout(resolve, 4000, "answer")));
  const alsoLate = answers.take(never());
  const failures = Promise.allSettled([late, alsoLate]);
  await vi.advanceTimersByTimeAsync(2000);
  await expect(late).rejects.toThrow("the store took longer than 5000 ms");
  await vi.advanceTimersByTimeAsync(2000);
  expect(await inTime).toBe("answer");
  await vi.advanceTimersByTimeAsync(1000);
  expect((await failures).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  answers.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("what an answer comes to is passed on, an error as well", async () => {
  const answers = new AwaitedAnswers(1000, 5000);
  expect(await answers.take(Promise.resolve(7))).toBe(7);
  await expect(answers.take(Promise.reject(new Error("READONLY")))).rejects.toThrow("READONLY");
  answers.close();
});
