/** Tests isolation, release and reset, by processes of the fleet and by hand. */

import assert from "node:assert/strict";
import type { RuleCase } from "./case.js";
import { timeless, until } from "./circuit.js";

/** A reason with unusual characters, including syntax of JSON and of scripts. */
const ODD_TEXT =
  'Läuft nicht: "it\'s" \\ %d {0} $1 \u{1f6d1}\u{1f468}\u{200d}\u{1f680} \u0000\u0001\t\r\n\u2028 שלום 你好 null';

export const controlCases: readonly RuleCase[] = [
  {
    title: "an isolated circuit admits no call, and reports reason, owner and remaining time",
    async check(setting) {
      const circuit = setting.circuit();
      const reason = ODD_TEXT;
      const owner = `Ann \u{1f9d1}\u{200d}\u{1f527} "${"x".repeat(100)}"`;
      const { changes, snapshot } = await circuit.isolate({
        reason,
        owner,
        expiresInMs: 9e5 + 0.5,
      });
      const { atMs, generation, ...change } = changes[0] ?? assert.fail("nothing changed");
      const states = { from: "closed", to: "open", by: null, failure: null };
      const told = { reason: "isolate", forMs: 900_001, owner, note: reason };
      assert.deepEqual(change, { ...states, ...told });
      assert.equal(snapshot.generation, generation);
      assert.ok(Math.abs(atMs - generation / 1000) < 60_000);
      assert.deepEqual(snapshot.isolation, { reason, owner, ageMs: 0, remainingMs: 900_001 });
      const asked = await circuit.admit();
      assert.deepEqual([asked.admitted, asked.refusal, asked.changes], [0, "isolated", []]);
      const { isolation } = await circuit.read();
      assert.deepEqual([isolation?.reason, isolation?.owner], [reason, owner]);
      const [kept] = await circuit.history();
      assert.deepEqual(kept, changes[0]);
    },
  },
  {
    title: "accepts the longest reason and owner",
    async check(setting) {
      const circuit = setting.circuit();
      const reason = "\u{fffd}".repeat(1000);
      const owner = "ü".repeat(200);
      await circuit.isolate({ reason, owner });
      const { isolation } = await circuit.read();
      assert.deepEqual([isolation?.reason, isolation?.owner], [reason, owner]);
    },
  },
  {
    title: "outcomes are late while a circuit is isolated",
    async check(setting) {
      const circuit = setting.circuit();
      const { generation } = (await circuit.admit()).snapshot;
      const { snapshot } = await circuit.isolate();
      const late = await circuit.settle(generation, { failures: 1, openNow: true });
      assert.deepEqual([late.late, late.changes], [1, []]);
      for (const told of [null, snapshot.generation]) {
        assert.equal((await circuit.settle(told, { failures: 1, openNow: true })).late, 1);
      }
      assert.equal((await circuit.read()).generation, snapshot.generation);
    },
  },
  {
    title: "an expired isolation is gone from reads at once, and the next call records its end",
    async check(setting) {
      const circuit = setting.circuit();
      await circuit.limit();
      const { snapshot } = await circuit.isolate({ expiresInMs: 20, owner: "Ann" });
      const over = await circuit.readUntil(({ isolation }) => isolation === null, "it is over");
      assert.equal(over.generation, snapshot.generation);
      assert.equal((await circuit.history()).length, 2);
      const { admitted, changes } = await circuit.admit();
      assert.equal(admitted, 1);
      const { reason, from, to, owner } = changes[0] ?? assert.fail("nothing changed");
      assert.deepEqual([reason, from, to, owner], ["isolation-over", "open", "closed", "Ann"]);
    },
  },
  {
    title: "a second isolation replaces the first",
    async check(setting) {
      const circuit = setting.circuit();
      await circuit.isolate({ expiresInMs: 10 });
      const { changes } = await circuit.isolate({ reason: "longer", expiresInMs: 600_000 });
      assert.equal(changes.at(-1)?.reason, "isolate");
      const asked = await circuit.admit();
      assert.deepEqual([asked.refusal, asked.snapshot.isolation?.reason], ["isolated", "longer"]);
    },
  },
  {
    title: "a release ends an isolation, and closes an open circuit",
    async check(setting) {
      const circuit = setting.circuit();
      await circuit.isolate();
      const { changes, snapshot } = await circuit.release(ODD_TEXT);
      const { reason, from, to, owner, note } = changes[0] ?? assert.fail("nothing changed");
      assert.deepEqual([reason, from, to], ["release", "open", "closed"]);
      assert.deepEqual([owner, note], ["Ben", ODD_TEXT]);
      assert.deepEqual([snapshot.isolation, snapshot.openings], [null, 0]);
      assert.equal((await circuit.admit()).admitted, 1);
      await circuit.limit();
      const closed = await circuit.release();
      assert.deepEqual([closed.snapshot.state, closed.snapshot.openings], ["closed", 0]);
      assert.deepEqual([closed.snapshot.failure, closed.changes[0]?.note], [null, null]);
    },
  },
  {
    title: "a reset closes the circuit with an empty window, but keeps its totals and an isolation",
    async check(setting) {
      const circuit = setting.circuit({ badSeconds: 1 });
      await circuit.limit({ failures: 2, successes: 1 });
      const { changes, snapshot } = await circuit.reset("all is well");
      const { reason, from, to, owner, note } = changes[0] ?? assert.fail("nothing changed");
      assert.deepEqual([reason, from, to], ["reset", "open", "closed"]);
      assert.deepEqual([owner, note], ["Cem", "all is well"]);
      assert.deepEqual(snapshot.counts, { successes: 1, failures: 2, late: 0 });
      assert.deepEqual([snapshot.openings, snapshot.reporters, snapshot.failure], [0, 0, null]);
      await circuit.isolate();
      const kept = await circuit.reset();
      assert.deepEqual([kept.changes[0]?.from, kept.changes[0]?.to], ["open", "open"]);
      assert.equal((await circuit.admit()).refusal, "isolated");
    },
  },
  {
    title: "a manual change in one store applies in another",
    twoStores: true,
    async check(setting) {
      const circuit = setting.circuit();
      const elsewhere = circuit.with({}, await setting.another());
      const { snapshot } = await circuit.isolate({ reason: ODD_TEXT });
      assert.deepEqual(timelessIsolation(await elsewhere.read()), timelessIsolation(snapshot));
      assert.equal((await elsewhere.admit()).refusal, "isolated");
      await elsewhere.release();
      assert.equal((await circuit.admit()).refusal, null);
      assert.deepEqual(await circuit.history(), await elsewhere.history());
    },
  },
  {
    title: "an isolation during calls applies to all later calls",
    async check(setting) {
      const circuit = setting.circuit();
      const calls = Array.from({ length: 50 }, () => circuit.admit());
      await circuit.isolate();
      const after = await until(
        () => circuit.admit(),
        () => true,
        "it is asked once",
      );
      assert.equal(after.refusal, "isolated");
      const earlier = await Promise.all(calls);
      assert.ok(earlier.every(({ refusal }) => refusal === null || refusal === "isolated"));
    },
  },
];

function timelessIsolation(snapshot: Parameters<typeof timeless>[0]) {
  const { isolation, ...rest } = timeless(snapshot);
  return { ...rest, reason: isolation?.reason, owner: isolation?.owner };
}
