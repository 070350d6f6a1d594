import { describe, expect, test } from "vitest";
import {
  cameTo,
  FAILS,
  HANGS,
  NAME,
  newBreaker,
  newProcess,
  type ScriptedStore,
  storeForEachTest,
  tick,
} from "../../../tests/fleet/scripted-store.js";
import { createFleet } from "./fleet.js";

let store: ScriptedStore;

storeForEachTest((fresh) => {
  store = fresh;
});

describe("manual control", () => {
  test("an isolation reaches every process and names its owner", async () => {
    const { fleet, shared } = newProcess(store);
    const { isolation } = await shared.isolate({
      reason: "maintenance",
      owner: "ann",
      expiresInMs: 60_000,
    });
    expect(isolation).toMatchObject({ reason: "maintenance", owner: "ann", remainingMs: 60_000 });
    expect(shared.check()).toEqual({ admits: false, reason: "isolated", retryAfterMs: undefined });
    const other = newProcess(store).shared.tryAcquire();
    await tick();
    expect(await other).toMatchObject({
      reason: "isolated",
      state: "open",
      isolatedBy: "ann",
      isolationReason: "maintenance",
      retryAfterMs: undefined,
    });
    expect(await fleet.status()).toMatchObject([{ name: NAME }]);
    await shared.release({ owner: "ann" });
    await shared.reset();
    expect((await fleet.history(NAME)).map(({ reason }) => reason)).toEqual([
      "isolate",
      "release",
      "reset",
    ]);
    expect((await fleet.history(NAME)).at(-1)?.owner).toMatch(/.+@.+/);
    expect(shared.check().admits).toBe(true);
  });

  test("it throws when the store cannot be asked or replies with garbage", async () => {
    const { fleet } = newProcess(store);
    const options = { reason: "maintenance", expiresInMs: 1 };
    store.script = FAILS;
    await expect(fleet.isolate(NAME, options)).rejects.toMatchObject({
      code: "FLEET_STORE",
      message: "the store (scripted) failed: Error",
    });
    store.script = () => 5 as never;
    await expect(fleet.release(NAME)).rejects.toMatchObject({ code: "FLEET_STORE" });
    store.script = HANGS;
    const hanging = fleet.reset(NAME).catch((error: unknown) => error);
    expect(await cameTo(hanging, 1_000)).toMatchObject({
      message: "the store took longer than 1000 ms",
    });
  });

  test.each([
    [{ reason: "", expiresInMs: 1 }, 'isolate option "reason" is ""'],
    [{ expiresInMs: 1 }, 'isolate option "reason" is undefined'],
    [{ reason: "x" }, 'isolate option "expiresInMs" is undefined, expected a number of milli'],
    [{ reason: "x", expiresInMs: 0 }, "is 0, expected a number of milliseconds above 0 and up to"],
    [{ reason: "x", expiresInMs: 2_592_000_001 }, "is 2592000001, expected"],
    [{ reason: "x", expiresInMs: 1, owner: "" }, 'option "owner" is ""'],
  ])("wrong options throw an error that names what was expected: %j", (options, message) => {
    const { fleet } = newProcess(store);
    expect(() => fleet.isolate(NAME, options as never)).toThrow(message);
    expect(() => fleet.isolate("", { reason: "x", expiresInMs: 1 })).toThrow('name is ""');
    expect(store.sent).toEqual([]);
  });
});

test("the same breaker is shared once, and two of one name share the known state", async () => {
  const fleet = createFleet({ store });
  const [one, other] = [newBreaker(), newBreaker({ halfOpenMaxCalls: 7 })];
  const shared = fleet.share(one);
  expect(fleet.share(one)).toBe(shared);
  expect(fleet.share(one, { name: "mirror" })).not.toBe(shared);
  const twin = fleet.share(other);
  expect(twin).not.toBe(shared);
  await shared.isolate({ reason: "x", expiresInMs: 1_000 });
  expect(twin.check().reason).toBe("isolated");
  expect(fleet.getMetrics().sharedCount).toBe(2);
});
