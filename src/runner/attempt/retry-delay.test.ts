import { describe, expect, test } from "vitest";
import { Guard } from "../../guard/guard.js";
import { createRegistry } from "../../registry/registry.js";
import type { RetryLimits } from "../run-plan.js";
import { decideRetry, whyUseless } from "./retry-delay.js";
import type { RunFailure } from "./run-failure.js";
import type { AttemptEnd } from "./supervised-command.js";

const END = { exitCode: 1, timedOut: null, isCut: false } as AttemptEnd;
const FAILURE = { fault: "registry", transient: true, retryAfterMs: null } as RunFailure;

describe("a retry", () => {
  test.each([
    [null, "after what may pass", {}, FAILURE],
    [null, "after a limit of ours", { timedOut: "idle" as const }, null],
    [/^a retry would fail/, "after what will not", {}, { ...FAILURE, transient: false }],
    [
      /pipeline itself failed$/,
      "after the user's own failure",
      {},
      { ...FAILURE, fault: "user" as const },
    ],
    [/was canceled$/, "after a cancellation", {}, { ...FAILURE, fault: "cancelled" as const }],
    [/is unknown$/, "after a failure of which nothing is known", {}, null],
    [/^output was lost/, "after output that was cut", { isCut: true }, FAILURE],
  ])("has the reason %s %s", (expected, _title, end, failure) => {
    const why = whyUseless({ ...END, ...end }, failure);
    if (expected === null) expect(why).toBeNull();
    else expect(why).toMatch(expected);
  });
});

/** Decides about a retry after a transient failure. `retry` is 1 for the first retry. */
function decide(limits: RetryLimits, retry = 1, failure: Partial<RunFailure> = {}) {
  const guard = new Guard({ registry: createRegistry() });
  const failed = { end: END, failure: { ...FAILURE, ...failure } as RunFailure, retry };
  return decideRetry(failed, { initialDelayMs: 10, ...limits }, guard, new Set());
}

describe("the reason that is reported", () => {
  test("is missing while retries are left, when all are used, and when none were asked for", () => {
    expect(decide({ maxRetries: 2 })).toEqual({ delayMs: expect.any(Number), why: null });
    expect(decide({ maxRetries: 2 }, 3)).toEqual({ delayMs: undefined, why: null });
    expect(decide({ maxRetries: 0 })).toEqual({ delayMs: undefined, why: null });
    expect(decide({ maxRetries: 0 }, 1, { fault: "user" }).why).toBeNull();
  });

  test("is that of the caller, if it allows none, unless a retry is useless anyway", () => {
    const limits = { maxRetries: 0, whyNoRetries: "not listed" };
    expect(decide(limits)).toEqual({ delayMs: undefined, why: "not listed" });
    expect(decide(limits, 1, { fault: "user" }).why).toMatch(/pipeline itself failed$/);
  });

  test("is a delay that the upstream asks for and that is longer than the longest", () => {
    const limits = { maxRetries: 1, maxDelayMs: 60_000 };
    expect(decide(limits, 1, { retryAfterMs: 120_000 })).toEqual({
      delayMs: undefined,
      why: "the upstream asks for a delay of 120s, longer than --retry-max-delay (60s)",
    });
    expect(decide(limits, 1, { retryAfterMs: 30_000 }).delayMs).toBe(30_000);
  });
});
