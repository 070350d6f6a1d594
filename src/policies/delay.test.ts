import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { delay } from "./delay.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a delay ends after its time, never before", async () => {
  let ended = false;
  const wait = delay(10.2, undefined).then(() => {
    ended = true;
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toBe(true);
  await wait;
});

test("an abort ends a delay at once and leaves neither timer nor listener", async () => {
  const controller = new AbortController();
  const wait = delay(1000, controller.signal);
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(wait).rejects.toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
});

test("a delay that ends normally leaves no listener", async () => {
  const { signal } = new AbortController();
  const wait = delay(5, signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(5);
  await wait;
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("a signal that is already aborted allows no delay", async () => {
  const reason = new Error("enough");
  await expect(delay(1000, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
});

test("the timer of a delay keeps the process alive, because a caller awaits it", async () => {
  vi.useRealTimers();
  const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout");
  const before = timeouts().length;
  const controller = new AbortController();
  const wait = delay(60_000, controller.signal);
  expect(timeouts()).toHaveLength(before + 1);
  controller.abort();
  await expect(wait).rejects.toThrow();
});
