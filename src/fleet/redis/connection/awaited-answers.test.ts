import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fakeTime } from "../../../../tests/fleet/scripted-store.js";
import { AwaitedAnswers } from "./awaited-answers.js";

beforeEach(fakeTime);
afterEach(() => {
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => {});

test("drops a reply that takes too long, and waits for later ones", async () => {
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

test("passes on the result of a reply, errors too", async () => {
  const answers = new AwaitedAnswers(1000, 5000);
  expect(await answers.take(Promise.resolve(7))).toBe(7);
  await expect(answers.take(Promise.reject(new Error("READONLY")))).rejects.toThrow("READONLY");
  answers.close();
});
