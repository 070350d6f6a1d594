/**
 * Tests that processes report counts to a store together with outcomes. A running process never writes for
 * counts alone.
 */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import type { FleetCommand } from "../../src/fleet/rules/command.js";
import { RUNS_CIRCUIT, type RunRecord } from "../../src/fleet/rules/run-report.js";
import {
  fakeTime,
  NAME,
  newProcess,
  openFromElsewhere,
  ScriptedStore,
  tick,
} from "./scripted-store.js";

/** A store of the present version. A store shows that version by being able to list scopes. */
class CountingStore extends ScriptedStore {
  scopes() {
    return this.inner.scopes?.() ?? Promise.resolve([]);
  }
  tells() {
    return this.commands.filter(({ kind }: FleetCommand) => kind === "tell");
  }
  async report(name = NAME) {
    const key = { scope: "default", name };
    return (await this.inner.run(key, { kind: "read", report: true })).report;
  }
}

beforeEach(fakeTime);
afterEach(() => void vi.useRealTimers());

test("rejections are told with the next outcomes, and never by themselves", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store);
  await shared.execute(() => 1);
  await openFromElsewhere(store, 1000);
  await tick(10);
  store.commands.length = 0;
  for (let call = 0; call < 3; call += 1) await shared.tryAcquire();
  await tick(100);
  expect(store.commands.map(({ kind }) => kind)).toEqual(["admit", "admit", "admit"]);
  await tick(20_000);
  await shared.execute(() => 1);
  await tick(10);
  expect(store.tells()).toEqual([{ kind: "tell", rejections: 3, runs: [], failedRunsMs: [] }]);
  expect((await store.report())?.rejections).toBe(3);
  await fleet.close();
});

test("what is left is told when the fleet is closed", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store);
  await openFromElsewhere(store);
  await shared.tryAcquire();
  await shared.tryAcquire();
  expect(store.tells()).toEqual([]);
  await fleet.close();
  expect((await store.report())?.rejections).toBe(2);
  expect(store.tells()).toHaveLength(1);
});

test("a store of the version before is sent no word that it does not know", async () => {
  const store = new ScriptedStore();
  const { fleet, shared } = newProcess(store);
  await openFromElsewhere(store);
  await shared.tryAcquire();
  await fleet.close();
  expect(store.commands.map(({ kind }) => kind)).not.toContain("tell");
  for (const command of store.commands) {
    expect(command).not.toHaveProperty("reporter.host", "ci-7");
  }
});

test("failures of one word are counted by whose fault each was", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store, { mode: "cached" });
  await fleet.open();
  await tick();
  const fail = (fault: string) =>
    shared.execute(() => Promise.reject({ fault, rule: "http-503", limited: false }));
  for (const fault of ["registry", "registry", "git"]) await fail(fault).catch(() => {});
  await fleet.close();
  expect((await store.report())?.failures).toEqual([
    { fault: "registry", limited: false, count: 2 },
    { fault: "git", limited: false, count: 1 },
  ]);
});

test("a probe is held by the process that was let in, also when it had seen the circuit closed", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store, {}, { resetTimeoutMs: 1000 });
  await shared.execute(() => 1);
  await openFromElsewhere(store, 1000);
  await tick(60_000);
  await shared.tryAcquire();
  expect((await store.report())?.probes).toMatchObject([{ host: "ci-7", run: null }]);
  await fleet.close();
});

const RUN: RunRecord = {
  result: "error",
  fault: "registry",
  durationMs: 70_000,
  waitedMs: 9_000,
  avoidedMs: 0,
};

test("the result of a run is told to the circuit of its scope that counts runs, and to no other", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store);
  await shared.execute(() => 1);
  fleet.runs.tell(RUN, { circuit: NAME, afterMs: 61_000 });
  await fleet.close();
  expect((await store.report(RUNS_CIRCUIT))?.runs).toMatchObject({
    faults: [{ fault: "registry", count: 1 }],
    waitedMs: 9_000,
    failedMs: [],
  });
  const upstream = await store.report();
  expect(upstream?.runs.failedMs).toEqual([61_000]);
  expect(upstream?.runs.faults).toEqual([]);
});

test("the time to failure is known after 5 runs that failed because of that upstream", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store);
  await shared.execute(() => 1);
  const fail = async (afterMs: number) => {
    fleet.runs.tell(RUN, { circuit: NAME, afterMs });
    await fleet.flush();
    return fleet.runs.timeToFailureMs(NAME);
  };
  vi.useRealTimers();
  const times: number[] = [];
  for (const afterMs of [5000, 1000, 4000, 2000, 3000]) times.push(await fail(afterMs));
  expect(times).toEqual([0, 0, 0, 0, 3000]);
  await fleet.close();
});

test("no run is told to a store that is down, or that keeps no counts", async () => {
  const old = new ScriptedStore();
  const down = new CountingStore();
  down.script = () => Promise.reject(new Error("ECONNREFUSED"));
  for (const store of [old, down]) {
    const { fleet, shared } = newProcess(store);
    for (let call = 0; call < 3; call += 1) await shared.execute(() => 1);
    await tick(10);
    const { commands } = fleet.getMetrics();
    store.commands.length = 0;
    fleet.runs.tell(RUN, { circuit: NAME, afterMs: 1 });
    expect(await fleet.runs.timeToFailureMs(NAME)).toBe(0);
    expect(fleet.getMetrics().commands.unsentCount).toBe(commands.unsentCount);
    await fleet.close();
    expect(store.commands.map(({ kind }) => kind)).not.toContain("tell");
  }
});

test("the circuit that counts runs is not listed, shared or controlled", async () => {
  const store = new CountingStore();
  const { fleet, shared } = newProcess(store);
  await shared.execute(() => 1);
  fleet.runs.tell(RUN, undefined);
  await fleet.flush();
  expect((await fleet.status()).map(({ name }) => name)).toEqual([NAME]);
  const message =
    /"dagger-breaker:runs", a name that is reserved for counts of runs; use another name/;
  expect(() => fleet.reset(RUNS_CIRCUIT)).toThrow(message);
  expect(() => fleet.release(RUNS_CIRCUIT)).toThrow(message);
  expect(() => fleet.isolate(RUNS_CIRCUIT, { reason: "test", expiresInMs: 1 })).toThrow(message);
  expect(() => fleet.share(new CircuitBreaker({ name: RUNS_CIRCUIT }))).toThrow(message);
  await fleet.close();
});
