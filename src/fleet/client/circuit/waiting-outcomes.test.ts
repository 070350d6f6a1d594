import { expect, test } from "vitest";
import {
  newProcess,
  type ScriptedStore,
  storeForEachTest,
  tick,
} from "../../../../tests/fleet/scripted-store.js";

let store: ScriptedStore;

storeForEachTest((fresh) => {
  store = fresh;
});

test("an outcome waits for the next call, two milliseconds at most", async () => {
  const { shared } = newProcess(store);
  const asked = Promise.all([shared.acquire(), shared.acquire()]);
  await tick();
  const [one, other] = await asked;
  one.success();
  await tick(1);
  expect(store.sent).toEqual(["admit 2"]);
  await tick(1);
  expect(store.sent).toEqual(["admit 2", "settle 1+0"]);
  other.failure(new Error("x"));
  await tick(1);
  const next = shared.acquire();
  await tick();
  expect(store.sent.slice(2)).toEqual(["settle 0+1", "admit 1"]);
  (await next).release();
});

test("urgent outcomes do not wait", async () => {
  const { shared } = newProcess(store);
  const asked = shared.acquire();
  await tick();
  (await asked).failure(new Error("429"), { openNow: true });
  await tick();
  expect(store.sent).toEqual(["admit 1", "settle 0+1"]);
});

test("closing the fleet sends waiting outcomes", async () => {
  const { fleet, shared } = newProcess(store);
  const asked = shared.acquire();
  await tick();
  (await asked).success();
  const closed = fleet.close();
  await tick();
  await closed;
  expect(store.sent).toEqual(["admit 1", "settle 1+0"]);
  expect(shared.getMetrics().metrics).toMatchObject({ toldCount: 1, droppedCount: 0 });
});
