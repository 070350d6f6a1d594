import { describe, expect, test } from "vitest";
import {
  answersAfter,
  cameTo,
  FAILS,
  HANGS,
  newProcess,
  openFromElsewhere,
  type Script,
  type ScriptedStore,
  storeForEachTest,
  tick,
} from "../../../tests/fleet/scripted-store.js";

let store: ScriptedStore;

storeForEachTest((fresh) => {
  store = fresh;
});

describe("a store that fails", () => {
  const garbage: unknown[] = [
    undefined,
    null,
    5,
    {},
    { admitted: 2, refusal: null, changes: [], snapshot: null },
    { admitted: 0, refusal: null, changes: [], snapshot: {} },
    new Proxy(
      {},
      {
        get: () => {
          throw new Error("looked at");
        },
      },
    ),
  ];
  const scripts: [string, Script][] = [
    ["never answers", HANGS],
    ["rejects", FAILS],
    ["answers too late", answersAfter(300)],
    [
      "throws",
      () => {
        throw new Error("x");
      },
    ],
    ...garbage.map((value, index): [string, Script] => [
      `answers with garbage ${index}`,
      () => value as never,
    ]),
  ];

  test.each(scripts)(
    "%s: no call waits longer than the deadline, or fails",
    async (_what, script) => {
      store.script = script;
      const { shared, fleet } = newProcess(store);
      for (let call = 0; call < 6; call += 1) {
        expect(
          await cameTo(
            shared.execute(() => call),
            100,
          ),
        ).toBe(call);
      }
      expect(fleet.getMetrics().storeUp).toBe(false);
      expect(shared.getMetrics().metrics).toMatchObject({ aloneCount: 6, toldCount: 0 });
      await tick(1_000);
      expect(fleet.getMetrics().droppedCount).toBe(6);
    },
  );

  test("after three consecutive failures it is left alone for at least half a second, then asked again", async () => {
    store.script = FAILS;
    const { shared, fleet } = newProcess(store);
    const events: unknown[] = [];
    fleet.on("storeDown", (event) => events.push(event));
    fleet.on("storeUp", (event) => events.push(event));
    for (let call = 0; call < 3; call += 1) {
      const asked = shared.tryAcquire();
      await tick();
      await asked;
    }
    expect(events).toEqual([{ store: "scripted", reason: "Error" }]);
    const { length } = store.commands;
    expect(await shared.execute(() => "at once")).toBe("at once");
    await tick(499);
    expect(await shared.execute(() => "at once")).toBe("at once");
    expect(store.commands).toHaveLength(length);
    await tick(251);
    store.script = (_command, answer) => answer();
    const asked = shared.acquire();
    await tick();
    (await asked).release();
    expect(store.commands).toHaveLength(length + 1);
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({ store: "scripted", downMs: expect.any(Number) });
    expect(fleet.getMetrics()).toMatchObject({ storeUp: true });
  });

  test("an open circuit of a lost store rejects for the time left, then the process decides alone", async () => {
    const opened = openFromElsewhere(store, 30_000);
    await tick();
    await opened;
    const { shared, local } = newProcess(store);
    const first = shared.tryAcquire();
    await tick();
    expect(await first).toMatchObject({ reason: "open" });
    store.script = HANGS;
    await tick(29_000);
    const late = shared.tryAcquire();
    expect(await cameTo(late, 100)).toMatchObject({ reason: "open", retryAfterMs: 900 });
    await tick(900);
    expect(
      await cameTo(
        shared.execute(() => "alone"),
        100,
      ),
    ).toBe("alone");
    expect(local.getMetrics().metrics.successCount).toBe(1);
    await tick(2_000);
  });

  test("reads a reply that arrived in a busy process before the store counts as down", async () => {
    // The event loop reads sockets after timers, and runs setImmediate after both.
    store.script = (_command, answer) =>
      new Promise((resolve) => {
        setTimeout(() => setImmediate(() => resolve(answer())), 99);
      });
    const { shared, fleet } = newProcess(store);
    const asked = shared.acquire();
    await tick(101);
    (await asked).release();
    expect(fleet.getMetrics().commands).toMatchObject({ timedOutCount: 0 });
  });

  test("a late reply is as old as its question", async () => {
    const opened = openFromElsewhere(store, 30_000);
    await tick();
    await opened;
    store.script = answersAfter(20_000);
    const { shared } = newProcess(store);
    expect(
      await cameTo(
        shared.execute(() => "alone"),
        100,
      ),
    ).toBe("alone");
    await tick(19_900);
    expect(shared.check()).toMatchObject({ reason: "open", retryAfterMs: 10_000 });
    await tick(30_000);
  });
});
