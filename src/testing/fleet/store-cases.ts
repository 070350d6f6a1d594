/** Tests what concerns a whole store: history, lists, subscriptions, names and closing. */

import assert from "node:assert/strict";
import type { FleetChange } from "../../fleet/rules/reply.js";
import type { FleetEntry, FleetKey, FleetStore } from "../../fleet/store.js";
import { isFleetStoreError } from "../../fleet/store-error.js";
import type { RuleCase } from "./case.js";
import { Circuit, timeless, until } from "./circuit.js";

/**
 * The most changes that a history keeps. The number is repeated here, because the suite must not trust the
 * code that it tests.
 */
const MAX_HISTORY = 100;

/** Names with characters at which a store might split or join names, or which it might interpret. */
const ODD_NAMES = [
  "registry:docker.io",
  "registry:docker.io ",
  "Registry:docker.io",
  "a b",
  "{a}",
  "{a}:b",
  "a}:{b",
  "a/b",
  "a//b/../c",
  "%61",
  "a*",
  "a?[b]",
  "a'b\"c\\d",
  "a\nb",
  "a\tb",
  "größe",
  "gro\u0308ße",
  "\u{1f6d1}",
  "?x=1#y",
  "__proto__",
  "\u6f22".repeat(200),
];

export const storeCases: readonly RuleCase[] = [
  {
    title: `a history contains the last ${MAX_HISTORY} changes, the oldest first`,
    async check(setting) {
      const circuit = setting.circuit();
      const made: FleetChange[] = [];
      for (let index = 0; index < MAX_HISTORY + 5; index += 1) {
        made.push(...(await circuit.reset(`number ${index}`)).changes);
        if (index === 2) assert.deepEqual(await circuit.history(), made);
      }
      assert.deepEqual(await circuit.history(), made.slice(5));
    },
  },
  {
    title: "a list contains the circuits of its scope by name, with their states",
    async check(setting) {
      const second = setting.circuit({}, "second");
      await second.limit();
      await setting.circuit({}, "third").admit();
      const first = setting.circuit({}, "first");
      await first.isolate({ reason: "stop", owner: "Ann" });
      const entries = await setting.store.list(setting.scope);
      assert.deepEqual(
        entries.map(({ name }) => name),
        ["first", "second", "third"],
      );
      assert.equal(entries[0]?.snapshot.isolation?.reason, "stop");
      const open = entries[1]?.snapshot ?? assert.fail("no second entry");
      assert.deepEqual(timeless(open), timeless(await second.read()));
      assert.deepEqual(await setting.store.list(`${setting.scope}/other`), []);
    },
  },
  {
    title: "circuits of all names and scopes are separate",
    async check({ store, scope }) {
      const scopes = [scope, `${scope}:a`, `${scope}:A`, `${scope}/a@b-c_d.e`];
      const keys = scopes.flatMap((one) => ODD_NAMES.map((name) => ({ scope: one, name })));
      keys.push({ scope, name: "a:x" }, { scope: `${scope}:a`, name: "x" });
      for (const [index, key] of keys.entries()) await tell(store, key, index + 1);
      for (const [index, key] of keys.entries()) {
        const { counts } = await new Circuit(store, key).read();
        assert.equal(counts.successes, index + 1, `of ${JSON.stringify(key)}`);
      }
      for (const one of scopes) {
        const names = (await store.list(one)).map(({ name }) => name);
        const known = keys.filter((key) => key.scope === one).map(({ name }) => name);
        assert.deepEqual(names.sort(), known.sort());
      }
    },
  },
  {
    title: "a subscriber receives only the changes of its scope, until it unsubscribes",
    async check(setting) {
      const { store, scope } = setting;
      const received: FleetEntry[] = [];
      const stop = store.subscribe(scope, (entry) => received.push(entry));
      const elsewhere = new Circuit(store, { scope: `${scope}/other`, name: "elsewhere" });
      const circuit = setting.circuit({}, "größe {a}:b");
      await receives(received, async () => {
        await elsewhere.reset();
        return circuit.reset();
      });
      assert.ok(received.every(({ name }) => name === circuit.key.name));
      assert.ok(received.every(({ snapshot }) => snapshot.state === "closed"));
      stop();
      const after: FleetEntry[] = [];
      const stopOther = store.subscribe(scope, (entry) => after.push(entry));
      stop();
      const before = received.length;
      await receives(after, () => circuit.isolate({ reason: "stop" }));
      assert.equal(after.at(-1)?.snapshot.isolation?.reason, "stop");
      assert.ok(received.slice(before).every(({ snapshot }) => snapshot.isolation === null));
      stopOther();
    },
  },
  {
    title: "a subscriber receives the changes that another store makes, if the stores push",
    twoStores: true,
    async check(setting) {
      const other = await setting.another();
      const received: FleetEntry[] = [];
      const stop = setting.store.subscribe(setting.scope, (entry) => received.push(entry));
      const circuit = setting.circuit().with({}, other);
      if (setting.store.pushes) {
        await receives(received, () => circuit.reset());
        const { snapshot } = received[0] ?? assert.fail("nothing was received");
        assert.ok(Number.isSafeInteger(snapshot.generation));
        assert.equal(received[0]?.name, circuit.key.name);
      } else {
        await circuit.limit();
        assert.equal((await setting.circuit({}, circuit.key.name).admit()).refusal, "open");
      }
      stop();
    },
  },
  {
    title: "a closed store rejects every command",
    async check(setting) {
      const { store, scope } = setting;
      const circuit = setting.circuit();
      await circuit.admit();
      await store.close();
      await store.close();
      await assert.rejects(circuit.admit(), isFleetStoreError);
      await assert.rejects(circuit.read(), isFleetStoreError);
      await assert.rejects(circuit.history(), isFleetStoreError);
      await assert.rejects(store.list(scope), isFleetStoreError);
      await assert.rejects(store.open(), isFleetStoreError);
    },
  },
  {
    title: "a closing store answers or rejects commands in flight",
    async check(setting) {
      const circuit = setting.circuit();
      const asked = Array.from({ length: 20 }, () => circuit.admit());
      const [ends] = await Promise.all([Promise.allSettled(asked), setting.store.close()]);
      for (const end of ends) {
        if (end.status === "fulfilled") assert.equal(end.value.admitted, 1);
        else assert.ok(isFleetStoreError(end.reason), String(end.reason));
      }
    },
  },
  {
    title: "a store reports its kind",
    async check({ store }) {
      assert.equal(typeof store.kind, "string");
      assert.equal(typeof store.pushes, "boolean");
      assert.ok(Number.isInteger(store.minimumReporters));
      assert.ok(store.minimumReporters >= 1 && store.minimumReporters <= 8);
      await store.open();
      await store.open();
    },
  },
];

async function tell(store: FleetStore, key: FleetKey, successes: number): Promise<void> {
  await new Circuit(store, key).settle(null, { successes });
}

/**
 * Changes a circuit until the subscription reports a change. A subscription can start a little later than
 * its call returns, so one change might be missed.
 */
async function receives(
  received: readonly unknown[],
  cause: () => Promise<unknown>,
): Promise<void> {
  await until(cause, () => received.length > 0, "a change is received");
}
