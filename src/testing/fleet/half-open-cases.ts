/** Tests the probes of a half-open circuit, and the effect of their outcomes. */

import assert from "node:assert/strict";
import type { SharedPolicy } from "../../fleet/rules/policy.js";
import type { CaseStores, RuleCase } from "./case.js";
import { type Circuit, FAILURE, REPORTER, until } from "./circuit.js";

export const halfOpenCases: readonly RuleCase[] = [
  {
    title: "many calls at once get exactly as many probes as the policy allows",
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenMaxCalls: 3 });
      const replies = await Promise.all(Array.from({ length: 100 }, () => circuit.admit()));
      const admitted = replies.filter((reply) => reply.admitted === 1);
      assert.equal(admitted.length, 3);
      for (const { refusal, snapshot } of replies.filter((reply) => reply.admitted === 0)) {
        assert.deepEqual([refusal, snapshot.probes], ["probing", 3]);
        assert.ok(snapshot.retryAfterMs > 0 && snapshot.retryAfterMs <= 600_000);
      }
      const changes = replies.flatMap((reply) => reply.changes);
      assert.deepEqual(
        changes.map(({ reason }) => reason),
        ["open-time-over"],
      );
    },
  },
  {
    title: "many calls at once through two stores get exactly as many probes as the policy allows",
    twoStores: true,
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenMaxCalls: 3 });
      const elsewhere = circuit.with({}, await setting.another());
      const asked = Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? circuit : elsewhere).admit(),
      );
      const admitted = (await Promise.all(asked)).map((reply) => reply.admitted);
      assert.equal(sum(admitted), 3);
    },
  },
  {
    title: "an admission for more calls than free probe places admits only its first calls",
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenMaxCalls: 2 });
      const { admitted, refusal, snapshot } = await circuit.probe({ count: 5 });
      assert.deepEqual([admitted, refusal, snapshot.probes], [2, "probing", 2]);
    },
  },
  {
    title:
      "a probe place that is released without an outcome becomes free, and nothing else changes",
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenMaxCalls: 2 });
      const { snapshot } = await circuit.probe({ count: 2, lease: "mine" });
      const back = await circuit.settle(snapshot.generation, { leases: ["mine.0", "unknown.7"] });
      assert.deepEqual([back.counted, back.late, back.changes], [0, 0, []]);
      const { generation, counts } = snapshot;
      const { probes } = back.snapshot;
      assert.deepEqual({ ...back.snapshot, generation, counts, probes: 1 }, back.snapshot);
      assert.equal(probes, 1);
      const next = await circuit.admit({ count: 2 });
      assert.deepEqual([next.admitted, next.refusal], [1, "probing"]);
    },
  },
  {
    title:
      "a probe place becomes free when its lease ends, and the late outcome of its probe still counts",
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenProbeTimeoutMs: 20 });
      const { generation } = (await circuit.probe({ lease: "first" })).snapshot;
      await circuit.readUntil(({ probes }) => probes === 0, "the probe place is free");
      const patient = circuit.with({ halfOpenProbeTimeoutMs: 600_000 });
      const second = await patient.admit({ lease: "second" });
      assert.deepEqual([second.admitted, second.changes], [1, []]);
      const told = await patient.settle(generation, { successes: 1, leases: ["first.0"] });
      assert.equal(told.counted, 1);
      assert.equal(told.changes[0]?.reason, "probe-succeeded");
    },
  },
  {
    title: "a rejected call receives the time until the next probe place is free",
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenMaxCalls: 2 });
      await circuit.with({ halfOpenProbeTimeoutMs: 300_000 }).probe();
      await circuit.admit();
      const { refusal, snapshot } = await circuit.admit();
      assert.equal(refusal, "probing");
      assert.ok(snapshot.retryAfterMs > 0 && snapshot.retryAfterMs <= 300_000);
    },
  },
  {
    title: "the threshold of successes closes the circuit, with an empty window",
    async check(setting) {
      const policy = { halfOpenMaxCalls: 2, halfOpenSuccessThreshold: 3 };
      const circuit = await soonProbing(setting, policy);
      const { generation } = (await circuit.probe({ count: 2, lease: "two" })).snapshot;
      const leases = ["two.0", "two.1"];
      const two = await circuit.settle(generation, { successes: 2, leases });
      assert.deepEqual([two.changes, two.snapshot.state], [[], "half-open"]);
      await circuit.admit({ lease: "third" });
      const { changes, snapshot } = await circuit.settle(generation, {
        successes: 1,
        leases: ["third.0"],
      });
      const { reason, from, to, by, failure } = changes[0] ?? assert.fail("nothing changed");
      assert.deepEqual([reason, from, to], ["probe-succeeded", "half-open", "closed"]);
      assert.deepEqual([by, failure], [REPORTER, null]);
      assert.deepEqual([snapshot.badSeconds, snapshot.reporters, snapshot.probes], [0, 0, 0]);
      assert.equal(snapshot.failure, null);
      assert.ok(snapshot.generation > generation);
    },
  },
  {
    title: "a failed probe opens the circuit again, even if other probes succeeded",
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenMaxCalls: 5 });
      const patient = circuit.with({ resetTimeoutMs: 600_000 });
      const { generation } = (await circuit.probe({ count: 5 })).snapshot;
      const told = await patient.settle(generation, { successes: 4, failures: 1 });
      const { reason, by, failure } = told.changes[0] ?? assert.fail("nothing changed");
      assert.deepEqual([reason, by], ["probe-failed", REPORTER]);
      assert.deepEqual(failure, { ...FAILURE, reporter: REPORTER });
      assert.deepEqual([told.snapshot.state, told.snapshot.openings], ["open", 2]);
      assert.equal((await patient.admit()).refusal, "open");
    },
  },
  {
    title: "another process takes the probe place of a process that is gone",
    twoStores: true,
    async check(setting) {
      const circuit = await soonProbing(setting, { halfOpenProbeTimeoutMs: 50 });
      const gone = await setting.another();
      await circuit.with({}, gone).probe();
      await gone.close();
      const taken = await until(
        () => circuit.admit(),
        ({ admitted }) => admitted === 1,
        "the probe place is free",
      );
      assert.equal(taken.snapshot.state, "half-open");
    },
  },
  {
    title: "outcomes without a permit do not count while the circuit probes",
    async check(setting) {
      const circuit = await soonProbing(setting, {});
      await circuit.probe();
      const told = await circuit.settle(null, { successes: 1 });
      assert.deepEqual([told.counted, told.late, told.snapshot.state], [0, 1, "half-open"]);
    },
  },
];

/** Returns an open circuit whose reset timeout of ten milliseconds is over. */
async function soonProbing(setting: CaseStores, policy: Partial<SharedPolicy>): Promise<Circuit> {
  const circuit = setting.circuit({ resetTimeoutMs: 10, ...policy });
  await circuit.limit();
  await circuit.readUntil(({ retryAfterMs }) => retryAfterMs === 0, "the open time is over");
  return circuit;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
