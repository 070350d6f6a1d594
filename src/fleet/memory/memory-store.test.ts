import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { StoreTime, virtualCircuit } from "../../../tests/fleet/virtual-circuit.js";
import { Circuit } from "../../testing/fleet/circuit.js";
import { fleetStoreConformance } from "../../testing/index.js";
import { RETENTION_MS } from "../rules/retention.js";
import type { FleetEntry, FleetStore } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { memoryStore } from "./memory-store.js";

describe("conformance", () => {
  const cases = fleetStoreConformance({ open: () => memoryStore(), shared: false });
  test.concurrent.each(cases)("$title", ({ run }) => run());
});

describe("conformance of several users of one store", () => {
  const store = memoryStore();
  const cases = fleetStoreConformance({ open: () => userOf(store) });
  test.concurrent.each(cases)("$title", ({ run }) => run());
});

describe("bounds", () => {
  test("evicts the least recently written of more than 10,000 circuits", async () => {
    const { time, store } = virtualCircuit();
    const named = (name: string) => new Circuit(store, { scope: "many", name });
    for (let index = 0; index < 10_000; index += 1) await named(`n${index}`).admit();
    await named("n0").settle(null, { successes: 1 });
    time.move(1);
    await named("one more").admit();
    const names = (await store.list("many")).map(({ name }) => name);
    expect(names).toHaveLength(10_000);
    expect(names).toEqual(expect.arrayContaining(["n0", "n2", "one more"]));
    expect(names).not.toContain("n1");
  });

  test("forgets a circuit a week after its last write, not sooner", async () => {
    const { circuit, store, time } = virtualCircuit();
    await circuit.settle(null, { successes: 1 });
    time.move(RETENTION_MS - 1);
    expect((await circuit.read()).counts.successes).toBe(1);
    expect(await store.list(circuit.key.scope)).toHaveLength(1);
    time.move(1);
    expect((await circuit.read()).generation).toBe(0);
    expect(await circuit.history()).toEqual([]);
    expect(await store.list(circuit.key.scope)).toEqual([]);
    expect((await circuit.admit()).snapshot.counts.successes).toBe(0);
  });

  test("keeps an open circuit for its open time and a week more", async () => {
    const { circuit, time } = virtualCircuit({ resetTimeoutMs: 1e9, maxOpenMs: 1e9 });
    await circuit.limit();
    time.move(1e9 + RETENTION_MS - 1);
    expect((await circuit.read()).state).toBe("open");
    expect(await circuit.history()).toHaveLength(1);
    time.move(1);
    expect(await circuit.read()).toMatchObject({ state: "closed", generation: 0 });
  });
});

describe("listeners", () => {
  test("that throw or reject affect no command and no other listener, and are announced once", async () => {
    const { circuit, store } = virtualCircuit();
    const warned: Error[] = [];
    const warn = (warning: Error) => void warned.push(warning);
    process.on("warning", warn);
    const heard: FleetEntry[] = [];
    store.subscribe(circuit.key.scope, () => {
      throw new Error("secret");
    });
    store.subscribe(circuit.key.scope, () => Promise.reject(new Error("secret")));
    store.subscribe(circuit.key.scope, (entry) => heard.push(entry));
    const [warning] = await Promise.all([once(process, "warning"), circuit.reset()]);
    await circuit.reset();
    await circuit.limit();
    // Node.js emits warnings in a later turn. This warning is emitted after all earlier
    // warnings.
    process.emitWarning("the last one");
    while (!warned.some(({ message }) => message === "the last one")) {
      await once(process, "warning");
    }
    process.off("warning", warn);
    expect(String(warning)).toContain("failed; the error was ignored: Error");
    expect(warned.filter(({ message }) => message.includes("failed; the error"))).toHaveLength(1);
    expect(String(warned)).not.toContain("secret");
    expect(heard.map(({ snapshot }) => snapshot.state)).toEqual(["closed", "closed", "open"]);
  });

  test("added twice are called twice, and removed one by one", async () => {
    const { circuit, store } = virtualCircuit();
    const heard: FleetEntry[] = [];
    const listener = (entry: FleetEntry) => void heard.push(entry);
    const stop = store.subscribe(circuit.key.scope, listener);
    store.subscribe(circuit.key.scope, listener);
    await circuit.reset();
    expect(heard).toHaveLength(2);
    stop();
    await circuit.reset();
    expect(heard).toHaveLength(3);
  });

  test("receive nothing if nothing changes", async () => {
    const { circuit, store } = virtualCircuit();
    const heard: FleetEntry[] = [];
    store.subscribe(circuit.key.scope, (entry) => heard.push(entry));
    await circuit.admit();
    await circuit.settle(null, { failures: 1 });
    await circuit.read();
    expect(heard).toEqual([]);
    const { snapshot } = await circuit.limit();
    expect(heard).toEqual([{ name: circuit.key.name, snapshot }]);
  });
});

test("a clock that goes back by a year neither forgets a circuit nor keeps it open for a year", async () => {
  const { circuit, store, time } = virtualCircuit({ resetTimeoutMs: 60_000 });
  await circuit.limit();
  time.move(-365 * 86_400_000);
  expect(await circuit.read()).toMatchObject({ state: "open", retryAfterMs: 60_000 });
  await circuit.settle(1, { successes: 1 });
  time.move(60_000);
  expect((await circuit.admit()).admitted).toBe(1);
  time.move(RETENTION_MS);
  expect(await store.list(circuit.key.scope)).toEqual([]);
});

test("uses the time of the machine by default", async () => {
  const beforeMs = Date.now();
  const { snapshot } = await new Circuit(memoryStore(), { scope: "s", name: "n" }).admit();
  expect(snapshot.generation / 1000).toBeGreaterThan(beforeMs - 1000);
  expect(snapshot.generation / 1000).toBeLessThan(Date.now() + 1000);
});

test.each([
  [{ nowMicros: 5 }, TypeError, 'option "nowMicros" is 5, expected a function'],
  [{ now: new StoreTime().read }, TypeError, 'option "now" is not known'],
])("rejects options %o", (options, type, message) => {
  const make = () => memoryStore(options as Parameters<typeof memoryStore>[0]);
  expect(make).toThrow(type);
  expect(make).toThrow(message);
});

/** Wraps a shared store. Closing the wrapper does not close the store for other users. */
function userOf(store: FleetStore): FleetStore {
  let isClosed = false;
  const asked = async <T>(ask: () => Promise<T>): Promise<T> => {
    if (isClosed) throw new FleetStoreError("this user has left");
    return ask();
  };
  return {
    kind: store.kind,
    minimumReporters: store.minimumReporters,
    pushes: store.pushes,
    open: () => asked(() => store.open()),
    run: (key, command) => asked(() => store.run(key, command)),
    list: (scope) => asked(() => store.list(scope)),
    history: (key) => asked(() => store.history(key)),
    subscribe: (scope, listener) => store.subscribe(scope, listener),
    close: async () => {
      isClosed = true;
    },
  };
}
