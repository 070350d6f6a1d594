/** Rule 6: the trip policies, seen through a breaker. */

import { describe, expect, test } from "vitest";
import { setUp, setUpHalfOpen } from "../../../tests/breaker/harness.js";
import { CircuitBreaker } from "../circuit-breaker.js";

const down = new Error("down");

/**
 * Settles calls in order. `s` is a success, `f` is a failure, and a number advances the clock by
 * milliseconds.
 */
function play(target: ReturnType<typeof setUp>, calls: readonly ("s" | "f" | number)[]): string {
  for (const call of calls) {
    if (typeof call === "number") target.clock.advance(call);
    else if (call === "s") target.breaker.acquire().success();
    else target.breaker.acquire().failure(down);
  }
  return target.breaker.state;
}

describe("rule 6: consecutive", () => {
  test("trips after the threshold of consecutive failures, five by default", () => {
    expect(play(setUp({ trip: { consecutive: 2 } }), ["f", "f"])).toBe("open");
    expect(play(setUp({ failureThreshold: undefined }), ["f", "f", "f", "f"])).toBe("closed");
    expect(play(setUp({ failureThreshold: undefined }), ["f", "f", "f", "f", "f"])).toBe("open");
  });

  test("a success in between resets the count", () => {
    expect(play(setUp({ trip: { consecutive: 2 } }), ["f", "s", "f"])).toBe("closed");
  });

  test("failureThreshold is its short form, and both together throw", () => {
    expect(play(setUp({ failureThreshold: 2 }), ["f", "f"])).toBe("open");
    const both = { failureThreshold: 2, trip: { consecutive: 2 } };
    expect(() => new CircuitBreaker(both)).toThrow(
      'options "failureThreshold" and "trip" are both given, expected one of them',
    );
  });
});

describe("rule 6: badSeconds", () => {
  const options = { trip: { badSeconds: 2, windowMs: 5_000 } };

  test("fifty failures at once are one bad second", () => {
    const target = setUp(options);
    const permits = Array.from({ length: 50 }, () => target.breaker.acquire());
    for (const permit of permits) permit.failure(down);
    target.clock.advance(1_000);
    expect(target.breaker.getMetrics().trip).toEqual({ policy: "badSeconds", badSeconds: 1 });
    expect(target.breaker.check().admits).toBe(true);
  });

  test("trips at the next admission after the threshold", () => {
    const target = setUp(options);
    expect(play(target, ["f", 1_000, "f", 999])).toBe("closed");
    target.breaker.acquire().release();
    expect(play(target, [1])).toBe("closed");
    expect(target.breaker.tryAcquire()).toMatchObject({ reason: "open", retryAfterMs: 1_000 });
  });

  test("trips at the next settlement after the threshold, even a success", () => {
    const target = setUp(options);
    const running = target.breaker.acquire();
    play(target, ["f", 1_000, "f", 1_000]);
    running.success();
    expect(target.breaker.state).toBe("open");
  });

  test("a second begins with its first outcome, not at a full second of the clock", () => {
    const target = setUp(options);
    play(target, [700, "f", 999, "s", "s"]);
    target.clock.advance(1);
    expect(target.breaker.getMetrics().trip).toEqual({ policy: "badSeconds", badSeconds: 0 });
  });

  test("a second with as many successes as failures is not bad and ends the row", () => {
    expect(play(setUp(options), ["f", 1_000, "f", "s", 1_000, "f", 1_000, "s"])).toBe("closed");
    const mostlyFailed = setUp(options);
    play(mostlyFailed, ["f", 1_000, "f", "f", "s", 1_000]);
    expect(mostlyFailed.breaker.check().admits).toBe(false);
  });

  test("a bad second older than the window has left the row", () => {
    const inTime = setUp(options);
    play(inTime, ["f", 4_000, "f", 1_000]);
    expect(inTime.breaker.check().admits).toBe(false);
    const tooLate = setUp(options);
    play(tooLate, ["f", 4_001, "f", 1_000]);
    expect(tooLate.breaker.check().admits).toBe(true);
  });

  test("a window with no room for the row throws, because it could never open the circuit", () => {
    expect(() => setUp({ trip: { badSeconds: 5, windowMs: 4_999 } })).toThrow(
      'CircuitBreaker trip option "windowMs" is 4999, expected a number of milliseconds from 5000',
    );
  });
});

describe("rule 6: failures in a window", () => {
  const options = { trip: { failures: 2, windowMs: 1_000 } };

  test("trips after that many within the window, and successes do not reset them", () => {
    expect(play(setUp(options), ["f", "s", "s", 1_000, "f"])).toBe("open");
  });

  test("failures further apart do not trip", () => {
    expect(play(setUp(options), ["f", 1_001, "f", 1_001, "f"])).toBe("closed");
  });
});

describe("rule 6: failureRate", () => {
  test("over a window of calls, the share of failures trips once there are enough calls", () => {
    const options = { trip: { failureRate: 0.5, windowCalls: 4, minimumCalls: 4 } };
    expect(play(setUp(options), ["f", "f", "f"])).toBe("closed");
    expect(play(setUp(options), ["f", "f", "f", "s"])).toBe("open");
    expect(play(setUp(options), ["s", "s", "s", "f", "f"])).toBe("open");
    expect(play(setUp(options), ["f", "s", "s", "s", "f"])).toBe("closed");
  });

  test("over a window of time, in ten buckets: an old failure leaves with its bucket", () => {
    const options = { trip: { failureRate: 1, windowMs: 1_000, minimumCalls: 2 } };
    expect(play(setUp(options), ["f", 999, "f"])).toBe("open");
    expect(play(setUp(options), ["f", 1_000, "f"])).toBe("closed");
    expect(play(setUp(options), [99, "f", 901, "f"])).toBe("closed");
  });

  test("counts an outcome in the bucket in which it settles", () => {
    const target = setUp({ trip: { failureRate: 1, windowMs: 1_000, minimumCalls: 5 } });
    const running = target.breaker.acquire();
    target.clock.advance(5_000);
    running.failure(down);
    expect(target.breaker.getMetrics().trip).toMatchObject({ calls: 1, failures: 1 });
    target.clock.advance(999);
    expect(target.breaker.getMetrics().trip).toMatchObject({ calls: 1 });
    target.clock.advance(1);
    expect(target.breaker.getMetrics().trip).toMatchObject({ calls: 0 });
  });

  test("the share of slow calls trips too, if slowCallMs is set", () => {
    const slowCalls = { failureRate: 1, windowCalls: 4, slowCallMs: 100, slowCallRate: 0.5 };
    const target = setUp({ trip: { ...slowCalls, minimumCalls: 2 } });
    const [first, second] = [target.breaker.acquire(), target.breaker.acquire()];
    target.clock.advance(99);
    first.success();
    target.clock.advance(1);
    second.success();
    expect(target.breaker.state).toBe("open");
  });

  test("without slowCallMs no call is slow", () => {
    const target = setUp({ trip: { failureRate: 1, windowCalls: 1 } });
    const running = target.breaker.acquire();
    target.clock.advance(1e9);
    running.success();
    expect(target.breaker.state).toBe("closed");
  });

  test("a slow success is a failure of the probe", () => {
    const slowCalls = { failureRate: 1, windowCalls: 4, slowCallMs: 100 };
    const { breaker, clock } = setUpHalfOpen({ trip: slowCalls });
    const reasons: string[] = [];
    breaker.on("stateChange", ({ reason }) => reasons.push(reason));
    const probe = breaker.acquire();
    clock.advance(100);
    probe.success();
    expect(breaker.state).toBe("open");
    expect(reasons).toEqual(["probe-slow"]);
    clock.advance(1_000);
    const second = breaker.acquire();
    clock.advance(99);
    second.success();
    expect(breaker.state).toBe("closed");
  });
});

describe("rule 6: half-open", () => {
  test("closes after as many successes as there are slots, by default", () => {
    const { breaker } = setUpHalfOpen({ halfOpenMaxCalls: 2 });
    breaker.acquire().success();
    expect(breaker.state).toBe("half-open");
    breaker.acquire().success();
    expect(breaker.state).toBe("closed");
  });

  test("it closes at halfOpenSuccessThreshold successes, which may be more than the slots", () => {
    const { breaker } = setUpHalfOpen({ halfOpenMaxCalls: 1, halfOpenSuccessThreshold: 3 });
    for (let probe = 0; probe < 2; probe++) breaker.acquire().success();
    expect(breaker.state).toBe("half-open");
    breaker.acquire().success();
    expect(breaker.state).toBe("closed");
  });

  test("opens at the first failure, whatever succeeded before", () => {
    const { breaker } = setUpHalfOpen({ halfOpenMaxCalls: 3 });
    breaker.acquire().success();
    breaker.acquire().success();
    breaker.acquire().failure(down);
    expect(breaker.state).toBe("open");
  });

  test("a closed circuit begins with an empty window", () => {
    const { breaker } = setUpHalfOpen({ failureThreshold: 2 });
    breaker.acquire().success();
    breaker.acquire().failure(down);
    expect(breaker.state).toBe("closed");
  });
});
