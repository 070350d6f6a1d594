import { expect, test } from "vitest";
import { revokedProxy, setUp } from "../../tests/breaker/harness.js";

class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}
const refused = Object.assign(new Error("secret"), { code: "ECONNREFUSED" });
const ofGuard = {
  name: "GraphQLError",
  rule: "registry.limited",
  fault: "registry",
  limited: true,
};

function failuresOf(...errors: unknown[]) {
  const { breaker } = setUp({ failureThreshold: 1000 });
  for (const error of errors) breaker.acquire().failure(error);
  return breaker.getMetrics().failures;
}

test.each([
  [ofGuard, { type: "registry.limited", fault: "registry", limited: true }],
  [{ rule: "git.deadline", fault: "a b" }, { type: "git.deadline" }],
  [refused, { type: "ECONNREFUSED" }],
  [new TimeoutError("secret"), { type: "TimeoutError" }],
  [{ code: "token=hunter2", name: "a secret" }, { type: "object" }],
  [{ code: 500 }, { type: "object" }],
  ["secret", { type: "string" }],
  [undefined, { type: "undefined" }],
  [null, { type: "object" }],
])(
  "failure %# is counted by its rule, code, name or type, and nothing else of it is kept",
  (error, kind) => {
    const counted = { fault: undefined, limited: false, count: 2, ...kind };
    expect(failuresOf(error, error)).toEqual([counted]);
  },
);

test("an error whose properties cannot be read is counted by its type", () => {
  expect(failuresOf(revokedProxy())).toMatchObject([{ type: "object", count: 1 }]);
});

test("a failure that opens at once is a rate limit", () => {
  const { breaker } = setUp();
  breaker.acquire().failure(new Error("limited"), { openNow: true });
  expect(breaker.getMetrics().failures).toMatchObject([{ type: "Error", limited: true }]);
});

test("the kinds beyond the first 32 are one", () => {
  const errors = Array.from({ length: 40 }, (_, index) => ({ code: `E${index}` }));
  const failures = failuresOf(...errors, ...errors);
  expect(failures).toHaveLength(33);
  expect(failures[0]).toMatchObject({ type: "E0", count: 2 });
  expect(failures[32]).toEqual({ type: "_OTHER", fault: undefined, limited: false, count: 16 });
});

test("changes of state are counted by states and reason, and the time in which it reads open", () => {
  const { breaker, clock } = setUp({ failureThreshold: 1, resetTimeoutMs: 1000 });
  for (let round = 0; round < 2; round += 1) {
    breaker.acquire().failure(new Error("down"));
    clock.advance(1500);
    breaker.acquire().success();
  }
  breaker.isolate("maintenance");
  clock.advance(500);
  const { transitions, openTimeMs } = breaker.getMetrics();
  expect(transitions).toEqual([
    { from: "closed", to: "open", reason: "tripped", count: 2 },
    { from: "open", to: "half-open", reason: "open-time-over", count: 2 },
    { from: "half-open", to: "closed", reason: "probe-succeeded", count: 2 },
    { from: "closed", to: "open", reason: "isolate", count: 1 },
  ]);
  expect(openTimeMs).toBe(3500);
});

test("an open circuit under another control goes on reading open, and its time is counted once", () => {
  const { breaker, clock } = setUp({ failureThreshold: 1, resetTimeoutMs: 10_000 });
  breaker.acquire().failure(new Error("down"));
  clock.advance(1000);
  breaker.observe();
  clock.advance(1000);
  breaker.isolate("maintenance");
  clock.advance(1000);
  breaker.release();
  clock.advance(1000);
  expect(breaker.getMetrics().openTimeMs).toBe(3000);
});
