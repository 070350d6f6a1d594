/** Tests the metrics of a fleet: the circuits of its store, and this process's connection to the store. */

import { afterEach, expect, test, vi } from "vitest";
import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import { MetricsView } from "../../src/cli/serve/metrics-view.js";
import { StoreView } from "../../src/cli/serve/store-view.js";
import { WriteCheck } from "../../src/cli/serve/write-check.js";
import { createFleet, type Fleet } from "../../src/fleet/client/fleet.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import type { FleetStore } from "../../src/fleet/store.js";
import { createRegistry } from "../../src/registry/registry.js";
import { metricsText } from "../../src/telemetry/metrics-text.js";
import { VirtualClock } from "../../src/testing/virtual-clock.js";
import { limit, settle } from "./commands.js";

const fleets: Fleet[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(fleets.splice(0).map((fleet) => fleet.close()));
});

function join(store: FleetStore, scope = "egress") {
  const fleet = createFleet({ store, scope });
  fleets.push(fleet);
  return fleet;
}

/** Returns a store with some functions replaced. */
function changed(store: FleetStore, changes: Partial<FleetStore>): FleetStore {
  return new Proxy(store, {
    get(target, name: keyof FleetStore) {
      if (name in changes) return changes[name];
      const own = target[name];
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}

/** Returns the page that `serve` shows for a store. */
function pageOf(store: FleetStore, clock?: VirtualClock): MetricsView {
  const viewed = { store, onStoreError: () => undefined };
  const view = new StoreView(viewed, clock);
  const writing = new WriteCheck(viewed, clock);
  return new MetricsView({ view, writing, kind: store.kind, droppedCount: () => 0 });
}

const linesOf = async (fleet: Fleet, maxCircuits = 300) =>
  (await metricsText(fleet, { maxCircuits })).split("\n");

test("the page of a fleet has the lines of /metrics, of all scopes", async () => {
  const store = memoryStore();
  await store.run({ scope: "egress", name: "registry:docker.io" }, limit());
  await store.run({ scope: "other", name: "git:github.com" }, settle({ successes: 2 }));
  const lines = await linesOf(join(store));
  const page = String(await pageOf(store).text()).split("\n");
  const timeless = (one: readonly string[]) => one.filter((line) => !/_seconds/.test(line));
  expect(lines).toEqual(expect.arrayContaining(timeless(page)));
  expect(timeless(page).length).toBeGreaterThan(20);
});

test("the page contains how this process reaches the store", async () => {
  const fleet = join(memoryStore());
  await fleet.open();
  const own = 'dagger_breaker_store_kind="memory"';
  const lines = await linesOf(fleet);
  for (const line of [
    `dagger_breaker_store_status{${own},dagger_breaker_store_state="up"} 1`,
    `dagger_breaker_store_status{${own},dagger_breaker_store_state="down"} 0`,
    "# TYPE dagger_breaker_store_commands_total counter",
    `dagger_breaker_store_commands_total{${own},dagger_breaker_command_result="timed_out"} 0`,
    `dagger_breaker_store_dropped_total{${own}} 0`,
  ]) {
    expect(lines).toContain(line);
  }
});

test("a fleet reports whether it reaches its store, and the outcomes that the store did not get", async () => {
  const store = memoryStore();
  const fleet = createFleet({ store, mode: "strict", scope: "egress" });
  const local = new CircuitBreaker({ name: "api", trip: { badSeconds: 5, windowMs: 60_000 } });
  const own = 'dagger_breaker_store_kind="memory"';
  const lines = async () => (await metricsText(fleet)).split("\n");
  const status = (up: number, down: number) => [
    `dagger_breaker_store_status{${own},dagger_breaker_store_state="up"} ${up}`,
    `dagger_breaker_store_status{${own},dagger_breaker_store_state="down"} ${down}`,
  ];
  expect(await fleet.open()).toBe(true);
  expect(await lines()).toEqual(
    expect.arrayContaining([...status(1, 0), `dagger_breaker_store_dropped_total{${own}} 0`]),
  );
  const shared = fleet.share(local);
  const permit = await shared.acquire();
  await store.close();
  permit.success();
  await fleet.close();
  expect(await lines()).toContain(`dagger_breaker_store_dropped_total{${own}} 1`);
  const page = `${metricsText(createRegistry())}${await metricsText(fleet)}`;
  const heads = page.split("\n").filter((line) => line.startsWith("# TYPE"));
  expect(new Set(heads).size).toBe(heads.length);
});

test("a store that cannot be read is down, without circuits and without an error", async () => {
  const list = () => Promise.reject(new Error("secret"));
  const store = memoryStore();
  await store.run({ scope: "egress", name: "a" }, settle());
  const page = await metricsText(join(changed(store, { list })));
  expect(page).toContain('dagger_breaker_store_state="down"} 1');
  expect(page).not.toMatch(/shared|secret/);
});

test("a store that lists no scopes has the circuits of the fleet's own", async () => {
  const store = memoryStore();
  await store.run({ scope: "egress", name: "ours" }, settle());
  await store.run({ scope: "other", name: "theirs" }, settle());
  const page = await metricsText(join(changed(store, { scopes: undefined as never })));
  expect(page).toContain('dagger_breaker_circuit_name="ours"');
  expect(page).not.toContain("theirs");
});

test("circuits beyond the bound are counted by state", async () => {
  const store = memoryStore();
  for (const name of ["a", "b", "c"]) await store.run({ scope: "egress", name }, settle());
  await store.run({ scope: "egress", name: "z-open" }, limit());
  const lines = await linesOf(join(store), 1);
  const status = lines.filter((line) => /_status\{.*"(open|closed)"\} [^0]/.test(line));
  expect(status.filter((line) => line.includes("circuit_name"))).toEqual([
    expect.stringContaining('circuit_name="_OTHER"'),
    expect.stringContaining('circuit_name="z-open"'),
  ]);
});

test("all pages of a process within a second share one read of the store", async () => {
  const store = memoryStore();
  const scopes = vi.fn(() => Promise.resolve(["egress"]));
  const fleet = join(changed(store, { scopes }));
  await Promise.all(Array.from({ length: 20 }, () => metricsText(fleet)));
  expect(scopes).toHaveBeenCalledTimes(1);
});

test.each([1, 200])(
  "the store gets the same commands in 60 s from %i scrapers",
  async (scrapers) => {
    const store = memoryStore();
    for (let index = 0; index < 20; index += 1) {
      await store.run({ scope: "egress", name: `c${index}` }, settle());
    }
    const calls = { scopes: 0, list: 0 };
    const counted = changed(store, {
      scopes: () => {
        calls.scopes += 1;
        return store.scopes?.() as Promise<readonly string[]>;
      },
      list: (...args) => {
        calls.list += 1;
        return store.list(...args);
      },
    });
    const clock = new VirtualClock();
    const view = pageOf(counted, clock);
    // Each scraper asks every 250 ms. The scrapers are spread evenly over that time.
    const stepMs = 250 / scrapers;
    for (let atMs = 0; atMs < 60_000; atMs += stepMs) {
      await view.text();
      clock.advance(stepMs);
    }
    expect(calls.scopes).toBeGreaterThanOrEqual(59);
    expect(calls.scopes).toBeLessThanOrEqual(61);
    expect(calls.list).toBe(calls.scopes);
  },
);
