import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  answersAfter,
  cameTo,
  FAILS,
  fakeTime,
  HANGS,
  NAME,
  newProcess,
  openFromElsewhere,
  ScriptedStore,
  tick,
} from "../../../tests/fleet/scripted-store.js";
import type { Fleet } from "./fleet.js";

let store: ScriptedStore;
let fleets: Fleet[];

beforeEach(() => {
  fakeTime();
  store = new ScriptedStore();
  fleets = [];
});
afterEach(async () => {
  for (const fleet of fleets) {
    const closed = fleet.close();
    await tick(1_000);
    await closed;
  }
  expect([vi.getTimerCount(), store.listeners.size]).toEqual([0, 0]);
  vi.useRealTimers();
});

/**
 * Starts a process in cached mode. The process makes one call, so that it knows the circuit's
 * state.
 */
async function newCached() {
  const process = newProcess(store, { mode: "cached" });
  fleets.push(process.fleet);
  await cameTo(
    process.shared.execute(() => "first"),
    1_000,
  );
  store.commands.length = 0;
  return process;
}

describe("a closed circuit that is known", () => {
  test("calls do not ask the store, and successes are sent once a second", async () => {
    const { shared } = await newCached();
    for (let call = 0; call < 5; call += 1) expect(await shared.execute(() => call)).toBe(call);
    await tick(999);
    expect(store.sent).toEqual([]);
    await tick(1);
    expect(store.sent).toEqual(["settle 5+0"]);
    expect(shared.getMetrics().metrics).toMatchObject({ askedCount: 1, toldCount: 6 });
  });

  test("a failure is sent after 10 ms, with the successes before it", async () => {
    const { shared } = await newCached();
    await shared.execute(() => 1);
    await shared.execute(() => Promise.reject(new Error("x"))).catch(() => {});
    await tick(9);
    expect(store.sent).toEqual([]);
    await tick(1);
    expect(store.sent).toEqual(["settle 1+1"]);
  });

  test("a rate limit is sent at once", async () => {
    const { shared } = await newCached();
    (await shared.acquire()).failure(new Error("429"), { openNow: true, retryAfterMs: 1 / 0 });
    await tick();
    expect(store.commands).toMatchObject([{ openNow: true, retryAfterMs: 3_600_000 }]);
    expect(shared.check().reason).toBe("open");
  });
});

describe("pushes", () => {
  test("an opening by another process rejects at once, without a question", async () => {
    const { shared } = await newCached();
    const heard: unknown[] = [];
    shared.on("change", (event) => heard.push(event));
    const opened = openFromElsewhere(store);
    await tick();
    await opened;
    store.commands.length = 0;
    expect(await shared.tryAcquire()).toMatchObject({ reason: "open", retryAfterMs: 60_000 });
    await expect(shared.execute(() => 1)).rejects.toMatchObject({ code: "CIRCUIT_OPEN" });
    expect(store.sent).toEqual([]);
    expect(heard).toMatchObject([{ snapshot: { state: "open" }, change: null }]);
    await tick(60_000);
    expect(store.sent).not.toContain("admit 1");
    const probe = shared.execute(() => "probe");
    expect(await cameTo(probe)).toBe("probe");
    expect(store.sent).toContain("admit 1");
    await tick();
    expect(shared.check().admits).toBe(true);
  });

  test("drops a push that is older than the known state", async () => {
    const { shared } = await newCached();
    const snapshot = shared.getMetrics().shared;
    if (snapshot === undefined) throw new Error("nothing is known");
    const open = { ...snapshot, state: "open", retryAfterMs: 9_000 } as const;
    store.push({ name: NAME, snapshot: open });
    store.push({ name: "other", snapshot: { ...open, generation: open.generation + 1 } });
    store.push({ name: NAME, snapshot: 5 as never });
    store.push(null as never);
    expect(shared.check().admits).toBe(true);
    store.push({ name: NAME, snapshot: { ...open, generation: open.generation + 1 } });
    expect(shared.check()).toMatchObject({ admits: false, retryAfterMs: 9_000 });
  });

  test("the next poll, of circuits in use only, makes up for a lost push", async () => {
    const { shared } = await newCached();
    await tick(6_000);
    store.isPushing = false;
    const opened = openFromElsewhere(store);
    await tick();
    await opened;
    expect(await shared.execute(() => "unaware")).toBe("unaware");
    store.commands.length = 0;
    await tick(6_000);
    expect(store.sent).toContain("read");
    expect(shared.check().reason).toBe("open");
    await tick(6_000);
    store.commands.length = 0;
    await tick(30_000);
    expect(store.sent).toEqual([]);
  });

  test("polls an open circuit soon, because an emptied store pushes nothing", async () => {
    const { shared } = await newCached();
    await shared.isolate({ reason: "x", expiresInMs: 60_000 });
    expect((await shared.tryAcquire()) instanceof Error).toBe(true);
    store.script = async (_command, answer) => {
      const reply = await answer();
      return { ...reply, snapshot: { ...reply.snapshot, generation: 1, isolation: null } };
    };
    await tick(1_200);
    expect(shared.check().admits).toBe(true);
  });
});

describe("a store that is lost", () => {
  test("a closed circuit stays closed, and outcomes that cannot be sent count as lost", async () => {
    const { shared, fleet } = await newCached();
    store.script = FAILS;
    for (let call = 0; call < 5; call += 1) {
      expect(await shared.execute(() => call)).toBe(call);
      await tick(1_000);
    }
    expect(fleet.getMetrics()).toMatchObject({ storeUp: false, droppedCount: 5 });
  });

  test("asks for all circuits at once when the store is back", async () => {
    const { shared, fleet } = await newCached();
    store.script = FAILS;
    for (let call = 0; call < 3; call += 1) {
      await shared.execute(() => call);
      await tick(1_000);
    }
    expect(fleet.getMetrics().storeUp).toBe(false);
    store.script = (_command, answer) => answer();
    store.commands.length = 0;
    await tick(1_500);
    await shared.execute(() => 1);
    await tick(1_000);
    expect(fleet.getMetrics().storeUp).toBe(true);
    expect(store.sent).toContain("read");
  });
});

describe("close", () => {
  test("sends waiting outcomes, ends every timer, and every breaker decides alone", async () => {
    const { shared, fleet } = await newCached();
    await shared.execute(() => 1);
    const closed = fleet.close();
    expect(fleet.close()).toBe(closed);
    await closed;
    expect(store.sent).toEqual(["settle 1+0"]);
    expect([vi.getTimerCount(), store.listeners.size]).toEqual([0, 0]);
    expect(await shared.execute(() => "alone")).toBe("alone");
    expect(await fleet.open()).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
    expect(fleet.getMetrics()).toMatchObject({ storeUp: false, droppedCount: 1 });
    await expect(fleet.status()).rejects.toThrow("the fleet is closed");
  });

  test("a store that hangs delays it for a second at most", async () => {
    const { shared, fleet } = newProcess(store, { timeoutMs: 5_000 });
    store.script = HANGS;
    const call = shared.execute(() => "alone");
    shared.unasked().success();
    await tick();
    let closed = false;
    void fleet.close().then(() => {
      closed = true;
    });
    await tick(999);
    expect(closed).toBe(false);
    await tick(1);
    expect(closed).toBe(true);
    expect(await call).toBe("alone");
    expect(fleet.getMetrics().droppedCount).toBe(2);
  });
});

describe("open", () => {
  test("it connects, and watches in cached mode", async () => {
    const { fleet } = newProcess(store, { mode: "cached" });
    fleets.push(fleet);
    expect(await fleet.open()).toBe(true);
    expect(store.listeners.size).toBe(1);
  });

  test("a store that is down or slow counts as down from then on", async () => {
    const { fleet, shared } = newProcess(store);
    store.opens = () => new Promise(() => {});
    const reasons: string[] = [];
    fleet.on("storeDown", ({ reason }) => reasons.push(reason));
    expect(await cameTo(fleet.open(), 1_000)).toBe(false);
    expect(await shared.execute(() => "at once")).toBe("at once");
    expect(store.sent).toEqual([]);
    expect(reasons).toEqual(["the store took longer than 1000 ms"]);
    await tick(2);
  });

  test("does not wait for a slow reply beyond the given deadline", async () => {
    store.script = answersAfter(60);
    const { shared } = newProcess(store, { timeoutMs: 50 });
    expect(
      await cameTo(
        shared.execute(() => "alone"),
        50,
      ),
    ).toBe("alone");
    await tick(200);
  });
});
