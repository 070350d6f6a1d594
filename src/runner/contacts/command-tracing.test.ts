import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { untilQuiet } from "./command-tracing.js";

/** Returns a receiver that gets one body at each of the given times, and has a client in between. */
function receiverOf(bodiesAtMs: readonly number[], connected?: { fromMs: number; toMs: number }) {
  let bodies = 0;
  for (const atMs of bodiesAtMs) setTimeout(() => (bodies += 1), atMs);
  let disconnected = Promise.resolve();
  if (connected !== undefined) {
    setTimeout(() => {
      disconnected = new Promise((resolve) =>
        setTimeout(resolve, connected.toMs - connected.fromMs),
      );
    }, connected.fromMs);
  }
  return { metrics: () => ({ bodies }) as never, quiet: () => disconnected };
}

async function endsAfterMs(receiver: ReturnType<typeof receiverOf>): Promise<number> {
  const startedMs = Date.now();
  const ended = untilQuiet(receiver).then(() => Date.now() - startedMs);
  await vi.advanceTimersByTimeAsync(10_000);
  return ended;
}

describe("the wait for spans of a program that outlives the command", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("ends after a quarter of a second without a body", async () => {
    expect(await endsAfterMs(receiverOf([]))).toBe(250);
  });

  test("goes on while bodies arrive", async () => {
    expect(await endsAfterMs(receiverOf([200, 400, 700]))).toBe(1_000);
  });

  test("goes on while an exporter is connected that has sent nothing yet", async () => {
    const receiver = receiverOf([1_100], { fromMs: 100, toMs: 1_200 });
    expect(await endsAfterMs(receiver)).toBe(1_450);
  });

  test("takes two seconds at most, however long an exporter stays connected", async () => {
    expect(await endsAfterMs(receiverOf([], { fromMs: 100, toMs: 60_000 }))).toBe(2_000);
  });
});
