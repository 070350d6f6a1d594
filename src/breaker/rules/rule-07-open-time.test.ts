/** Rule 7: how long a circuit stays open. */

import { describe, expect, test } from "vitest";
import { setUp, setUpHalfOpen, trip } from "../../../tests/breaker/harness.js";
import { CircuitBreaker } from "../circuit-breaker.js";

const HOUR_MS = 3_600_000;
const down = new Error("down");

/** Lets the open time pass and fails the probe. Returns the next open time. */
function reopen({ breaker, clock }: ReturnType<typeof setUp>): number | undefined {
  clock.advance(breaker.check().retryAfterMs ?? 0);
  breaker.acquire().failure(down);
  return breaker.check().retryAfterMs;
}

describe("rule 7: open time", () => {
  test("it is the reset timeout, a minute by default, without growth or jitter", () => {
    const target = setUp({ resetTimeoutMs: 1_000 });
    trip(target.breaker);
    expect(target.breaker.check().retryAfterMs).toBe(1_000);
    expect([reopen(target), reopen(target)]).toEqual([1_000, 1_000]);
    const { breaker } = setUp({ resetTimeoutMs: undefined });
    trip(breaker);
    expect(breaker.check().retryAfterMs).toBe(60_000);
  });

  test("is the delay that the upstream asked for, if that exceeds the backoff", () => {
    const { breaker } = setUp();
    breaker.acquire().failure(down, { retryAfterMs: 5_000 });
    expect(breaker.check().retryAfterMs).toBe(5_000);
    const other = setUp().breaker;
    other.acquire().failure(down, { retryAfterMs: 999 });
    expect(other.check().retryAfterMs).toBe(1_000);
  });

  test("bad seconds are judged later, so only the rest of the requested delay remains", () => {
    const { breaker, clock } = setUp({ trip: { badSeconds: 1, windowMs: 9_000 } });
    breaker.acquire().failure(down, { retryAfterMs: 5_000 });
    clock.advance(2_000);
    expect(breaker.check()).toMatchObject({ reason: "open", retryAfterMs: 3_000 });
    expect(breaker.tryAcquire()).toMatchObject({ reason: "open", retryAfterMs: 3_000 });
  });

  test("uses the delay of the last failure alone, even if a success completes the count", () => {
    const rate = { failureRate: 0.5, windowCalls: 4, minimumCalls: 4 };
    const asked = setUp({ trip: rate }).breaker;
    asked.acquire().failure(down);
    asked.acquire().failure(down, { retryAfterMs: 5_000 });
    const other = setUp({ trip: rate }).breaker;
    other.acquire().failure(down, { retryAfterMs: 5_000 });
    other.acquire().failure(down);
    for (const breaker of [asked, other]) {
      breaker.acquire().success();
      breaker.record("success", { generation: 1, retryAfterMs: 9_000 });
    }
    expect([asked.check().retryAfterMs, other.check().retryAfterMs]).toEqual([5_000, 1_000]);
  });

  test("a failed probe can ask for a delay too", () => {
    const { breaker } = setUpHalfOpen();
    breaker.acquire().failure(down, { retryAfterMs: 5_000 });
    expect(breaker.check().retryAfterMs).toBe(5_000);
  });

  test("retryAfter reads the delay from the error in execute", async () => {
    const { breaker } = setUp({ retryAfter: (error) => (error === down ? 5_000 : undefined) });
    await breaker.execute(() => Promise.reject(down)).catch(() => {});
    expect(breaker.check().retryAfterMs).toBe(5_000);
  });

  test("does not call retryAfter for an error that is not a failure", async () => {
    let asked = false;
    const { breaker } = setUp({
      classifyError: () => "ignored",
      retryAfter: () => {
        asked = true;
        return 0;
      },
    });
    await breaker.execute(() => Promise.reject(down)).catch(() => {});
    expect(asked).toBe(false);
  });

  test("openNow opens at once, whatever the policy has counted", () => {
    const { breaker } = setUp({ failureThreshold: 100 });
    breaker.acquire().failure(down, { openNow: true, retryAfterMs: 5_000 });
    expect(breaker.check()).toMatchObject({ reason: "open", retryAfterMs: 5_000 });
  });

  test("it is capped by maxOpenMs, one hour by default", () => {
    const { breaker } = setUp({ maxOpenMs: 3_000 });
    breaker.acquire().failure(down, { retryAfterMs: 5_000 });
    expect(breaker.check().retryAfterMs).toBe(3_000);
    const lasting = setUp().breaker;
    lasting.acquire().failure(down, { retryAfterMs: Number.POSITIVE_INFINITY });
    expect(lasting.check().retryAfterMs).toBe(HOUR_MS);
    const longer = new CircuitBreaker({ resetTimeoutMs: 2 * HOUR_MS });
    trip(longer);
    expect(longer.check().retryAfterMs).toBeGreaterThan(HOUR_MS);
  });

  test("it grows by the factor at each reopening, up to the cap", () => {
    const target = setUp({ openTimeGrowthFactor: 2, maxOpenMs: 6_000 });
    trip(target.breaker);
    expect(target.breaker.check().retryAfterMs).toBe(1_000);
    expect([reopen(target), reopen(target), reopen(target)]).toEqual([2_000, 4_000, 6_000]);
  });

  test.each([
    [999, 2_000],
    [1_000, 1_000],
  ])("growth after %i ms spent closed: it opens for %i ms", (closedMs, expected) => {
    const { breaker, clock } = setUp({ openTimeGrowthFactor: 2 });
    trip(breaker);
    clock.advance(1_000);
    breaker.acquire().success();
    clock.advance(closedMs);
    trip(breaker);
    expect(breaker.check().retryAfterMs).toBe(expected);
  });

  test("the time before the first opening is not a recovery", () => {
    const { breaker } = setUp({ openTimeGrowthFactor: 2 });
    trip(breaker);
    expect(breaker.check().retryAfterMs).toBe(1_000);
  });

  test.each([
    [0, 2_000],
    [0.5, 2_500],
    [0.999, 2_999],
  ])("jitter only lengthens, up to the given share: chance %d", (chance, expected) => {
    const { breaker } = setUp({ openTimeJitter: 0.5, random: () => chance });
    breaker.acquire().failure(down, { retryAfterMs: 2_000 });
    expect(breaker.check().retryAfterMs).toBeCloseTo(expected);
  });

  test("jitter does not lengthen beyond the cap", () => {
    const { breaker } = setUp({ openTimeJitter: 1, random: () => 0.9, maxOpenMs: 1_500 });
    trip(breaker);
    expect(breaker.check().retryAfterMs).toBe(1_500);
  });

  test("admits a call exactly at the end of the open time", () => {
    const { breaker, clock } = setUp();
    trip(breaker);
    clock.advance(999);
    expect(breaker.check().retryAfterMs).toBe(1);
    expect(() => breaker.acquire()).toThrow();
    clock.advance(1);
    breaker.acquire();
    expect(breaker.state).toBe("half-open");
  });
});
