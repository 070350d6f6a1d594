import { expect, test } from "vitest";
import { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { createFleet } from "../../fleet/client/fleet.js";
import { memoryStore } from "../../fleet/memory/memory-store.js";
import { askAll } from "../../guard/admission/admission.js";
import { WaitersFullError } from "../../policies/wait.js";
import { VirtualClock } from "../../testing/virtual-clock.js";
import { rejectionReport } from "./rejection-report.js";

const RECORD = { fault: "registry", rule: "registry.limited", at: "2026-11-25T10:00:00.000Z" };

function rejectionOf(...breakers: readonly CircuitBreaker[]) {
  const asked = askAll(breakers);
  if ("value" in asked) throw new Error("nobody refused");
  return asked.rejection;
}

function openBreaker(name: string, resetTimeoutMs: number, error: unknown = RECORD) {
  const clock = new VirtualClock();
  const breaker = new CircuitBreaker({ name, failureThreshold: 1, resetTimeoutMs, clock });
  breaker.acquire().failure(error);
  return breaker;
}

test("reports the circuit with the longest wait, the others and its last failure", () => {
  const rejection = rejectionOf(openBreaker("a", 1000), openBreaker("b", 2000));
  expect(rejectionReport(rejection)).toEqual({
    upstream: "b",
    others: ["a"],
    reason: "open",
    retryAfterMs: 2000,
    since: RECORD.at,
    until: null,
    rule: RECORD.rule,
    fault: RECORD.fault,
    scope: null,
    openedBy: null,
    isolationReason: null,
    notWaited: null,
  });
});

test("an isolated circuit has no time, and needs no failure", () => {
  const breaker = new CircuitBreaker({ name: "engine" });
  breaker.isolate("maintenance");
  expect(rejectionReport(rejectionOf(breaker))).toEqual({
    upstream: "engine",
    others: [],
    reason: "isolated",
    retryAfterMs: null,
    since: null,
    until: null,
    rule: null,
    fault: null,
    scope: null,
    openedBy: null,
    isolationReason: "maintenance",
    notWaited: null,
  });
});

test("if too many wait, reports the circuit that they wait for", () => {
  const rejection = rejectionOf(openBreaker("a", 1000));
  expect(rejectionReport(new WaitersFullError(rejection, 100))?.upstream).toBe("a");
});

test("another error has no report", () => {
  expect(rejectionReport(new Error("else"))).toBeUndefined();
  expect(rejectionReport(undefined)).toBeUndefined();
});

test("reports why a run that waits did not wait for the circuit", () => {
  const open = rejectionOf(openBreaker("a", 600_000));
  expect(rejectionReport(open, 300_000)?.notWaited).toBe(
    "the wait would be longer than --max-wait (300s)",
  );
  const breaker = new CircuitBreaker({ name: "engine" });
  breaker.isolate("maintenance");
  expect(rejectionReport(rejectionOf(breaker), 300_000)?.notWaited).toBe(
    "--wait ignores isolations",
  );
});

test.each([
  [3_600_000, "the isolation lasts longer than --max-wait (300s)"],
  [60_000, "--wait ignores isolations"],
])("names the limit for an isolation of %i ms only if it ends later", async (expiresInMs, why) => {
  const fleet = createFleet({ store: memoryStore() });
  const trip = { badSeconds: 5, windowMs: 60_000 };
  const shared = fleet.share(new CircuitBreaker({ name: "registry:ghcr.io", trip }));
  await fleet.isolate("registry:ghcr.io", { reason: "moves", expiresInMs });
  const error = await shared.execute(async () => "pulled").catch((reason: unknown) => reason);
  expect(rejectionReport(error, 300_000)).toMatchObject({ reason: "isolated", notWaited: why });
  await fleet.close();
});
