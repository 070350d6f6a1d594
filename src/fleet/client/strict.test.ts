import { describe, expect, test, vi } from "vitest";
import {
  answersAfter,
  cameTo,
  NAME,
  newProcess,
  openFromElsewhere,
  type ScriptedStore,
  storeForEachTest,
  tick,
} from "../../../tests/fleet/scripted-store.js";
import { Permit } from "../../breaker/calls/permit.js";
import { isCircuitBreakerOpenError } from "../../breaker/errors.js";
import type { FleetChangeEvent } from "./fleet-events.js";
import { isSharedCircuitOpenError } from "./shared-open-error.js";

let store: ScriptedStore;

storeForEachTest((fresh) => {
  store = fresh;
});

describe("batches", () => {
  test("a thousand calls of one turn of the event loop are one question and one report", async () => {
    const { shared } = newProcess(store);
    const calls = Array.from({ length: 999 }, (_, call) => shared.execute(() => call));
    expect(store.sent).toEqual([]);
    await tick();
    expect(await Promise.all(calls)).toHaveLength(999);
    await tick(2);
    expect(store.sent).toEqual(["admit 999", "settle 999+0"]);
    await tick();
    expect(shared.getMetrics().metrics).toMatchObject({ askedCount: 999, toldCount: 999 });
  });

  test("a question is never for more than a thousand calls", async () => {
    const { shared } = newProcess(store);
    const calls = Array.from({ length: 2_500 }, () => shared.execute(() => 1));
    await tick();
    await Promise.all(calls);
    expect(store.sent.filter((sent) => sent.startsWith("admit"))).toEqual([
      "admit 1000",
      "admit 1000",
      "admit 500",
    ]);
    await tick(2);
  });

  test("outcomes go before the questions of the same turn", async () => {
    const { shared } = newProcess(store);
    const asked = shared.acquire();
    await tick();
    (await asked).failure(new Error("x"));
    const next = shared.acquire();
    await tick();
    expect(store.sent).toEqual(["admit 1", "settle 0+1", "admit 1"]);
    (await next).release();
  });

  test("a second question does not wait for the reply to the first", async () => {
    store.script = answersAfter(50);
    const { shared } = newProcess(store);
    const first = shared.acquire();
    await tick(10);
    const second = shared.acquire();
    await tick(1);
    expect(store.sent).toEqual(["admit 1", "admit 1"]);
    await tick(60);
    for (const permit of [await first, await second]) permit.release();
  });

  test("an ignored or released call of a closed circuit is not reported", async () => {
    const { shared, local } = newProcess(store);
    const permits = Promise.all([shared.acquire(), shared.acquire()]);
    await tick();
    const [one, other] = await permits;
    one.ignore();
    other[Symbol.dispose]();
    await tick();
    expect(store.sent).toEqual(["admit 2"]);
    expect(local.getMetrics()).toMatchObject({ inFlightCount: 0, metrics: { ignoredCount: 1 } });
  });
});

describe("two circuits in one admission", () => {
  test("does not ask for a call that the local circuit rejects", async () => {
    const { shared, local } = newProcess(store);
    local.isolate("by hand");
    const rejection = await shared.tryAcquire();
    expect(rejection).toMatchObject({ reason: "isolated", isolationReason: "by hand" });
    expect(isSharedCircuitOpenError(rejection)).toBe(false);
    await expect(shared.acquire()).rejects.toMatchObject({ reason: "isolated" });
    await expect(shared.execute(() => 1)).rejects.toMatchObject({ reason: "isolated" });
    expect(await shared.tryExecute(() => 1)).toMatchObject({ ok: false, rejected: true });
    expect(store.sent).toEqual([]);
  });

  test("a rejection by the shared circuit returns the local permit and shows the known state", async () => {
    const opened = openFromElsewhere(store);
    await tick();
    await opened;
    const { shared, local } = newProcess(store);
    const heard: unknown[] = [];
    shared.on("rejected", ({ error }) => heard.push(error));
    const called = vi.fn();
    const rejected = shared.execute(called).catch((error: unknown) => error);
    await tick();
    const error = await rejected;
    expect(isSharedCircuitOpenError(error) && isCircuitBreakerOpenError(error)).toBe(true);
    expect(error).toMatchObject({
      name: "SharedCircuitOpenError",
      code: "CIRCUIT_OPEN",
      refused: true,
      breakerName: NAME,
      scope: "default",
      state: "open",
      reason: "open",
      retryAfterMs: 60_000,
      since: new Date(Date.now()).toISOString(),
      until: new Date(Date.now() + 60_000).toISOString(),
      openedBy: { host: "ci-1", run: "run 1" },
      failure: { fault: null, rule: "Error", limited: false },
      isolatedBy: null,
    });
    expect(String(error)).toContain(`circuit open: ${NAME}, retry in 60s; shared in scope default`);
    expect(String(error)).toContain("opened by ci-1 (run 1) because of Error");
    expect((error as Error).stack).not.toContain("at ");
    expect(heard).toEqual([error]);
    expect(called).not.toHaveBeenCalled();
    expect(local.getMetrics()).toMatchObject({ state: "closed", inFlightCount: 0 });
    expect(shared.getMetrics().metrics.refusedCount).toBe(1);
    expect(shared.check()).toEqual({ admits: false, reason: "open", retryAfterMs: 60_000 });
    await tick(1_000);
    expect(shared.check()).toEqual({ admits: false, reason: "open", retryAfterMs: 59_000 });
  });

  test("both circuits receive every outcome", async () => {
    const { shared, local } = newProcess(store);
    const failing = shared.execute(() => Promise.reject(new Error("x"))).catch(() => "failed");
    await tick();
    expect(await failing).toBe("failed");
    await tick(2);
    expect(local.getMetrics().metrics.failureCount).toBe(1);
    expect(shared.getMetrics().shared?.counts).toEqual({ successes: 0, failures: 1, late: 0 });
  });

  test("three bad seconds of one process open the circuit for another", async () => {
    const one = newProcess(store);
    for (let second = 0; second < 3; second += 1) {
      const asked = one.shared.acquire();
      await tick();
      (await asked).failure(new Error("x"));
      await tick(1_002);
    }
    const other = newProcess(store);
    const changes: FleetChangeEvent[] = [];
    other.fleet.on("change", (event) => changes.push(event));
    const refused = await cameTo(other.shared.tryAcquire());
    expect(refused).toMatchObject({ name: "SharedCircuitOpenError", reason: "open" });
    expect(changes).toMatchObject([
      { name: NAME, scope: "default", snapshot: { state: "open" }, change: { reason: "tripped" } },
    ]);
  });

  test("under observe a call that the shared circuit would reject passes", async () => {
    const opened = openFromElsewhere(store);
    await tick();
    await opened;
    const { shared, local } = newProcess(store);
    local.observe();
    const call = shared.execute(() => "went");
    await tick();
    expect(await call).toBe("went");
    expect(shared.check().admits).toBe(true);
  });

  test("a disabled local breaker takes the process out of the fleet", async () => {
    const { shared, local } = newProcess(store);
    local.disable();
    expect(await shared.execute(() => "went")).toBe("went");
    shared.record("failure", { generation: 1 });
    await tick();
    expect(store.sent).toEqual([]);
  });

  test("a signal that is aborted while the store is asked gives both permits back", async () => {
    store.script = answersAfter(20);
    const { shared, local } = newProcess(store);
    const controller = new AbortController();
    const called = vi.fn();
    const { signal } = controller;
    const call = shared.execute(called, { signal }).catch((error: unknown) => error);
    const tried = shared.tryExecute(called, { signal });
    await tick(5);
    controller.abort(new Error("enough"));
    await tick(20);
    expect(await call).toBe(signal.reason);
    expect(await tried).toEqual({ ok: false, rejected: false, error: signal.reason });
    await expect(shared.execute(called, { signal })).rejects.toBe(signal.reason);
    expect(await shared.tryExecute(called, { signal })).toMatchObject({ rejected: false });
    expect(called).not.toHaveBeenCalled();
    expect(local.getMetrics().inFlightCount).toBe(0);
  });

  test("tryExecute distinguishes a rejection from a failure and a value", async () => {
    const { shared } = newProcess(store);
    const error = new Error("x");
    const results = Promise.all([
      shared.tryExecute(() => 5),
      shared.tryExecute(() => Promise.reject(error)),
    ]);
    await tick();
    expect(await results).toEqual([
      { ok: true, value: 5 },
      { ok: false, rejected: false, error },
    ]);
    await tick();
    const opened = openFromElsewhere(store);
    await tick();
    await opened;
    const refused = shared.tryExecute(() => 5);
    await tick();
    expect(await refused).toMatchObject({ ok: false, rejected: true });
  });

  test("an outcome without a permit counts in both while they are closed", async () => {
    const { shared, local } = newProcess(store);
    shared.unasked().success({ durationMs: 5 });
    shared.unasked().failure(new Error("x"));
    shared.unasked().ignore();
    shared.unasked().release();
    await tick(2);
    expect(store.commands).toMatchObject([{ generation: null, successes: 1, failures: 1 }]);
    expect(local.getMetrics().metrics).toMatchObject({ successCount: 1, failureCount: 1 });
  });
});

describe("probes", () => {
  /** Opens a circuit from another process, and waits until its open time is over. */
  async function probing(leaseMs = 10_000) {
    const opened = openFromElsewhere(store, 10_000);
    await tick();
    await opened;
    await tick(10_000);
    store.commands.length = 0;
    return newProcess(store, {}, { halfOpenProbeTimeoutMs: leaseMs });
  }

  test("one of ten calls probes, and the others learn when to retry", async () => {
    const { shared } = await probing();
    const asked = Promise.all(Array.from({ length: 10 }, () => shared.tryAcquire()));
    await tick();
    const [probe, ...refused] = await asked;
    expect(refused.map((error) => isSharedCircuitOpenError(error) && error.reason)).toEqual(
      Array(9).fill("probing"),
    );
    expect(refused[0]).toMatchObject({ retryAfterMs: 10_000, until: null, state: "half-open" });
    if (probe instanceof Permit) probe.success();
    await tick();
    expect(store.sent).toEqual(["admit 10", "settle 1+0 back 1"]);
    expect(shared.getMetrics().shared?.state).toBe("closed");
  });

  test.each(["ignore", "release"] as const)(
    "%s gives the lease to another process",
    async (how) => {
      const { shared } = await probing();
      const asked = shared.acquire();
      await tick();
      (await asked)[how]();
      await tick();
      expect(store.sent).toEqual(["admit 1", "settle 0+0 back 1"]);
      const other = newProcess(store).shared.acquire();
      await tick();
      expect(await other).toBeInstanceOf(Permit);
    },
  );

  test("a lease that is granted too late is returned at once, and its news is kept", async () => {
    const { shared } = await probing();
    store.script = (command, answer) =>
      command.kind === "admit" ? answersAfter(250)(command, answer) : answer();
    const call = shared.execute(() => "went alone");
    expect(await cameTo(call, 102)).toBe("went alone");
    await tick(2);
    expect(shared.getMetrics().metrics.aloneCount).toBe(1);
    expect(shared.getMetrics().shared?.probes).toBe(1);
    await tick(150);
    expect(shared.getMetrics().shared).toMatchObject({ state: "half-open", probes: 0 });
    expect(store.sent.at(-1)).toBe("settle 0+0 back 1");
  });
});
