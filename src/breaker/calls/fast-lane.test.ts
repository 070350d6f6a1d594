import { expect, test } from "vitest";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { CircuitBreaker } from "../circuit-breaker.js";

test("a success that completes the minimum of calls opens a circuit whose failure rate is too high", async () => {
  const breaker = new CircuitBreaker({
    trip: { failureRate: 0.5, windowMs: 1000, minimumCalls: 2 },
    clock: new VirtualClock(),
  });
  await breaker.execute(() => Promise.reject(new Error("down"))).catch(() => {});
  expect(breaker.state).toBe("closed");
  await breaker.execute(async () => "late luck");
  expect(breaker.state).toBe("open");
});

test("a call with a signal takes the fast path too, and its abort is ignored", async () => {
  const breaker = new CircuitBreaker({ failureThreshold: 1 });
  const controller = new AbortController();
  const call = breaker.execute(
    ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason));
      }),
    { signal: controller.signal },
  );
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(call).rejects.toBe(reason);
  expect(breaker.state).toBe("closed");
  expect(breaker.getMetrics()).toMatchObject({ inFlightCount: 0, metrics: { ignoredCount: 1 } });
});
