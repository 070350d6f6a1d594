import { expect, test, vi } from "vitest";
import { deadlineOf, setDeadline } from "./deadline.js";
import { withTimeout } from "./timeout.js";

test("a signal of which nobody knows, or none, has no deadline", () => {
  expect(deadlineOf(undefined)).toBe(Number.POSITIVE_INFINITY);
  expect(deadlineOf(new AbortController().signal)).toBe(Number.POSITIVE_INFINITY);
});

test("a deadline is that of its signal alone", () => {
  const { signal } = new AbortController();
  setDeadline(signal, 5);
  expect(deadlineOf(signal)).toBe(5);
  expect(deadlineOf(new AbortController().signal)).toBe(Number.POSITIVE_INFINITY);
});

test("of a time-out within another, the earlier deadline holds", async () => {
  vi.useFakeTimers();
  const startMs = performance.now();
  const inner = (timeoutMs: number) =>
    withTimeout(
      (outer) =>
        withTimeout(({ signal }) => deadlineOf(signal) - startMs, {
          timeoutMs,
          signal: outer.signal,
        }),
      { timeoutMs: 1000 },
    );
  expect(await Promise.all([inner(500), inner(5000)])).toEqual([500, 1000]);
  vi.useRealTimers();
});
