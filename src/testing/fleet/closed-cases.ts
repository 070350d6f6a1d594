/** Tests what a closed circuit counts, and what opens it. */

import assert from "node:assert/strict";
import { UNKNOWN_SNAPSHOT } from "../../fleet/rules/snapshot.js";
import type { RuleCase } from "./case.js";
import { REPORTER, timeless } from "./circuit.js";

/** The number of commands to send at the same time. */
const CROWD = 300;

export const closedCases: readonly RuleCase[] = [
  {
    title: "an unknown circuit is closed, and reading it does not create it",
    async check(setting) {
      const circuit = setting.circuit();
      const reply = await circuit.run({ kind: "read" });
      assert.deepEqual(reply.snapshot, UNKNOWN_SNAPSHOT);
      assert.deepEqual(reply.changes, []);
      assert.deepEqual(await circuit.read(), UNKNOWN_SNAPSHOT);
      assert.deepEqual(await circuit.history(), []);
      assert.deepEqual(await setting.store.list(setting.scope), []);
    },
  },
  {
    title: "the first admission creates a circuit, whose generation is the time in microseconds",
    async check(setting) {
      const circuit = setting.circuit();
      const { snapshot, ...reply } = await circuit.admit();
      const expected = { admitted: 1, refusal: null, counted: 0, late: 0, changes: [] };
      assert.deepEqual(reply, expected);
      assert.equal(snapshot.state, "closed");
      assertGeneration(snapshot.generation);
      assert.equal((await circuit.admit()).snapshot.generation, snapshot.generation);
      assert.deepEqual(timeless(await circuit.read()), timeless(snapshot));
    },
  },
  {
    title:
      "an outcome without a permit creates a circuit and counts; an outcome for a lost circuit is late",
    async check(setting) {
      const unasked = await setting.circuit().settle(null, { successes: 1 });
      assert.equal(unasked.counted, 1);
      assertGeneration(unasked.snapshot.generation);
      const lost = await setting.circuit().settle(1, { failures: 2 });
      assert.deepEqual([lost.counted, lost.late], [0, 2]);
      assert.deepEqual(lost.snapshot.counts, { successes: 0, failures: 0, late: 2 });
    },
  },
  {
    title:
      "one admission can admit many calls, and one report can count the outcomes of all of them",
    async check(setting) {
      const circuit = setting.circuit();
      const { admitted, snapshot } = await circuit.admit({ count: 1000 });
      assert.equal(admitted, 1000);
      const told = await circuit.settle(snapshot.generation, { successes: 900, failures: 100 });
      assert.equal(told.counted, 1000);
      assert.deepEqual(told.snapshot.counts, { successes: 900, failures: 100, late: 0 });
    },
  },
  {
    title: `none of ${CROWD} commands at the same time is lost`,
    async check(setting) {
      const circuit = setting.circuit();
      const { generation } = (await circuit.admit()).snapshot;
      const told = Array.from({ length: CROWD }, () =>
        circuit.settle(generation, { successes: 2, failures: 1 }),
      );
      const replies = await Promise.all(told);
      assert.ok(replies.every(({ counted }) => counted === 3));
      const { counts } = await circuit.read();
      assert.deepEqual(counts, { successes: 2 * CROWD, failures: CROWD, late: 0 });
    },
  },
  {
    title: `none of ${CROWD} commands at the same time through two stores is lost`,
    twoStores: true,
    async check(setting) {
      const circuit = setting.circuit();
      const elsewhere = circuit.with({}, await setting.another());
      const told = Array.from({ length: CROWD }, (_, index) =>
        (index % 2 === 0 ? circuit : elsewhere).settle(null, { successes: 1 }),
      );
      await Promise.all(told);
      for (const one of [circuit, elsewhere]) {
        assert.equal((await one.read()).counts.successes, CROWD);
      }
    },
  },
  {
    title: "a bad second opens the circuit after its end, within the window of the policy",
    async check(setting) {
      const circuit = setting.circuit({ badSeconds: 1 });
      const { changes, snapshot } = await circuit.settle(null, { failures: 1 });
      assert.deepEqual(changes, []);
      await circuit.readUntil(({ badSeconds }) => badSeconds === 1, "the second is over");
      const forgetful = await circuit.with({ windowMs: 900 }).admit();
      assert.equal(forgetful.refusal, null);
      const due = await circuit.admit();
      assert.deepEqual([due.admitted, due.refusal], [0, "open"]);
      assert.equal(due.changes[0]?.reason, "tripped");
      assert.ok(due.snapshot.generation > snapshot.generation);
    },
  },
  {
    title: "a second of time with as many successes as failures does not count as a bad second",
    async check(setting) {
      const circuit = setting.circuit({ badSeconds: 1 });
      await circuit.settle(null, { successes: 1, failures: 1 });
      const second = await circuit.settle(null, { successes: 1 });
      const before = second.snapshot.ageMs;
      const later = await circuit.readUntil(({ ageMs }) => ageMs > before + 1000, "a second later");
      assert.equal(later.badSeconds, 0);
      assert.equal((await circuit.admit()).refusal, null);
    },
  },
  {
    title: "bad seconds of one reporter do not open a circuit whose policy asks for two",
    async check(setting) {
      const circuit = setting.circuit({ badSeconds: 1, minimumReporters: 2 });
      await circuit.settle(null, { failures: 1 });
      await circuit.readUntil(({ badSeconds }) => badSeconds === 1, "the second is over");
      const alone = await circuit.admit();
      assert.deepEqual([alone.refusal, alone.snapshot.reporters], [null, 1]);
      const again = await circuit.settle(null, { failures: 1 });
      assert.deepEqual([again.changes, again.snapshot.reporters], [[], 1]);
      const other = { id: "reporter-2", host: "runner-2", run: "https://ci.example/2" };
      const both = await circuit.settle(null, { failures: 1, reporter: other });
      assert.equal(both.changes[0]?.reason, "tripped");
      assert.deepEqual(both.changes[0]?.by, other);
    },
  },
  {
    title: "a reporter no longer counts once its last outcome is a success",
    async check(setting) {
      const circuit = setting.circuit({ minimumReporters: 2 });
      await circuit.settle(null, { failures: 3 });
      const other = { ...REPORTER, id: "reporter-2" };
      const two = await circuit.settle(null, { failures: 3, reporter: other });
      assert.equal(two.snapshot.reporters, 2);
      const one = await circuit.settle(null, { successes: 1 });
      assert.equal(one.snapshot.reporters, 1);
    },
  },
];

function assertGeneration(generation: number): void {
  assert.ok(Number.isSafeInteger(generation), `${generation} is not a safe integer`);
  assert.ok(generation > 2 ** 50, `${generation} are not the microseconds since 1970`);
}
