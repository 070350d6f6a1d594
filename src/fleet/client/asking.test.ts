import { expect, test } from "vitest";
import {
  answersAfter,
  newProcess,
  type ScriptedStore,
  storeForEachTest,
  tick,
} from "../../../tests/fleet/scripted-store.js";

let store: ScriptedStore;

storeForEachTest((fresh) => {
  store = fresh;
});

/** Runs all pending promise reactions, but starts no new turn of the event loop. */
const reactions = () => new Promise<void>((resolve) => process.nextTick(resolve));

test("a single call asks before the next turn of the event loop", async () => {
  const { shared } = newProcess(store);
  const asked = shared.acquire();
  expect(store.sent).toEqual([]);
  await reactions();
  expect(store.sent).toEqual(["admit 1"]);
  (await asked).success();
  const next = shared.acquire();
  await reactions();
  expect(store.sent).toEqual(["admit 1", "settle 1+0", "admit 1"]);
  (await next).release();
});

test("calls of one turn are sent together while a reply is awaited", async () => {
  store.script = answersAfter(5);
  const { shared } = newProcess(store);
  const asked = [shared.acquire()];
  await reactions();
  for (let call = 0; call < 3; call += 1) {
    asked.push(shared.acquire());
    await reactions();
  }
  expect(store.sent).toEqual(["admit 1"]);
  await tick();
  expect(store.sent).toEqual(["admit 1", "admit 3"]);
  await tick(5);
  for (const permit of await Promise.all(asked)) permit.release();
});

test("a call asks at once after one without a reply", async () => {
  const { fleet, shared } = newProcess(store, { timeoutMs: 10 });
  store.script = () => new Promise(() => {});
  const missed = shared.acquire();
  await tick(10);
  (await missed).release();
  store.script = (_command, answer) => answer();
  const next = shared.acquire();
  await reactions();
  expect(store.sent).toEqual(["admit 1", "admit 1"]);
  (await next).release();
  await fleet.close();
});
