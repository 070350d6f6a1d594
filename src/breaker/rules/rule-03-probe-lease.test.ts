/** Rule 3: a probe that takes too long loses its slot, but its outcome still counts. */

import { describe, expect, test } from "vitest";
import { setUp, setUpHalfOpen, trip } from "../../../tests/breaker/harness.js";
import { Permit } from "../calls/permit.js";
import type { CircuitBreakerOpenError } from "../errors.js";

describe("rule 3: probe lease", () => {
  test("a probe that has not settled within halfOpenProbeTimeoutMs loses its slot", () => {
    const { breaker, clock } = setUpHalfOpen({ halfOpenProbeTimeoutMs: 300 });
    breaker.acquire();
    clock.advance(299);
    expect(breaker.check().admits).toBe(false);
    clock.advance(1);
    expect(breaker.acquire()).toBeInstanceOf(Permit);
  });

  test("the lease lasts as long as the reset timeout by default", () => {
    const { breaker, clock } = setUpHalfOpen({ resetTimeoutMs: 1_000 });
    breaker.acquire();
    expect(breaker.check().retryAfterMs).toBe(1_000);
    clock.advance(1_000);
    expect(breaker.check().admits).toBe(true);
  });

  test("its success still counts while its generation is current", () => {
    const { breaker, clock } = setUpHalfOpen({ halfOpenProbeTimeoutMs: 300 });
    const slow = breaker.acquire();
    clock.advance(300);
    slow.success();
    expect(breaker.state).toBe("closed");
  });

  test("its failure still counts while its generation is current", () => {
    const { breaker, clock } = setUpHalfOpen({ halfOpenProbeTimeoutMs: 300 });
    const slow = breaker.acquire();
    clock.advance(300);
    slow.failure(new Error("down"));
    expect(breaker.state).toBe("open");
  });

  test("does not free a slot that another probe has taken since", () => {
    const { breaker, clock } = setUpHalfOpen({
      halfOpenProbeTimeoutMs: 300,
      halfOpenSuccessThreshold: 2,
    });
    const slow = breaker.acquire();
    clock.advance(300);
    breaker.acquire();
    slow.success();
    expect(breaker.state).toBe("half-open");
    expect(breaker.check().reason).toBe("probing");
  });

  test("there are never more live leases than halfOpenMaxCalls", () => {
    const { breaker, clock } = setUpHalfOpen({ halfOpenMaxCalls: 2, halfOpenProbeTimeoutMs: 300 });
    const admitted = () => breaker.tryAcquire() instanceof Permit;
    expect(admitted()).toBe(true);
    clock.advance(100);
    expect(admitted()).toBe(true);
    expect(admitted()).toBe(false);
    clock.advance(200);
    expect(admitted()).toBe(true);
    expect(admitted()).toBe(false);
  });

  test("a listener that takes the slot leaves none for the call that made the circuit half-open", () => {
    const { breaker, clock } = setUp();
    trip(breaker);
    const taken: unknown[] = [];
    breaker.on("stateChange", () => taken.push(breaker.tryAcquire()));
    clock.advance(1_000);
    taken.push(breaker.tryAcquire());
    expect(taken.filter((answer) => answer instanceof Permit)).toHaveLength(1);
  });

  test("with all slots full it rejects as probing, until the next lease ends", () => {
    const { breaker, clock } = setUpHalfOpen({ halfOpenMaxCalls: 2, halfOpenProbeTimeoutMs: 300 });
    breaker.acquire();
    clock.advance(100);
    breaker.acquire();
    const { reason, retryAfterMs, state } = breaker.tryAcquire() as CircuitBreakerOpenError;
    expect({ reason, retryAfterMs, state }).toEqual({
      reason: "probing",
      retryAfterMs: 200,
      state: "half-open",
    });
  });
});
