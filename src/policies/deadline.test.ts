import { expect, test, vi } from "vitest";
import { VirtualClock } from "../testing/virtual-clock.js";
import { deadlineOf, setDeadline } from "./deadline.js";
import { withTimeout } from "./timeout.js";

test("an unknown signal, or none, has no deadline", () => {
  expect(deadlineOf(undefined)).toBe(Number.POSITIVE_INFINITY);
  expect(deadlineOf(new AbortController().signal)).toBe(Number.POSITIVE_INFINITY);
});

test("a deadline belongs to one signal alone", () => {
  const { signal } = new AbortController();
  setDeadline(signal, 5);
  expect(deadlineOf(signal)).toBe(5);
  expect(deadlineOf(new AbortController().signal)).toBe(Number.POSITIVE_INFINITY);
});

test("of two nested timeouts, the earlier deadline holds", async () => {
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

test("converts a deadline from one clock to another", () => {
  const clock = new VirtualClock();
  const other = new VirtualClock();
  other.advance(1_000);
  const { signal } = new AbortController();
  setDeadline(signal, clock.now() + 50, clock);
  clock.advance(20);
  expect(deadlineOf(signal, clock)).toBe(50);
  expect(deadlineOf(signal, other)).toBe(1_030);
});
