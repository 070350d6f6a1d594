/** Tests the counters of a circuit. A store that cannot list scopes does not have to count. */

import assert from "node:assert/strict";
import type { CircuitReport } from "../../fleet/rules/report.js";
import type { CaseStores, RuleCase } from "./case.js";
import { type Circuit, FAILURE, RATE_LIMIT, REPORTER } from "./circuit.js";

export const reportCases: readonly RuleCase[] = [
  {
    title:
      "failures are counted by fault and by whether they were rate limits, late failures not at all",
    check: counting(async (circuit) => {
      const { snapshot } = await circuit.admit();
      const { generation } = snapshot;
      await circuit.settle(generation, { successes: 2, failures: 1, failure: FAILURE });
      const faults = [
        { fault: "git", limited: false, count: 2 },
        { fault: null, limited: false, count: 1 },
      ];
      await circuit.settle(generation, { failures: 3, failure: null, faults });
      await circuit.settle(1, { failures: 9, failure: FAILURE });
      await circuit.limit();
      const { failures } = await reportOf(circuit);
      assert.deepEqual(failures, [
        { fault: "registry", limited: false, count: 1 },
        { fault: "git", limited: false, count: 2 },
        { fault: null, limited: false, count: 1 },
        { fault: "registry", limited: true, count: 1 },
      ]);
    }),
  },
  {
    title: "changes are counted by reason, and the time without calls is added up",
    check: counting(async (circuit) => {
      await circuit.isolate();
      await circuit.release();
      await circuit.limit();
      await circuit.reset();
      await circuit.limit();
      const { transitions, openMs } = await reportOf(circuit);
      assert.deepEqual(transitions, { isolate: 1, release: 1, "opened-at-once": 2, reset: 1 });
      assert.ok(openMs >= 0 && openMs < 600_000, String(openMs));
    }),
  },
  {
    title: "the outcomes in a report, second by second, add up to all counted outcomes",
    check: counting(async (circuit) => {
      const { snapshot } = await circuit.admit();
      await circuit.settle(snapshot.generation, { successes: 3, failures: 1 });
      await circuit.settle(snapshot.generation, { successes: 2 });
      const { seconds } = await reportOf(circuit);
      assert.ok(seconds.length >= 1 && seconds.every(({ secondsAgo }) => secondsAgo < 120));
      const sum = (of: "successes" | "failures") =>
        seconds.reduce((total, second) => total + second[of], 0);
      assert.deepEqual([sum("successes"), sum("failures")], [5, 1]);
    }),
  },
  {
    title: "a report names the holder of a probe, and the policy that was used last",
    check: counting(
      async (circuit) => {
        await circuit.limit();
        const reporter = { ...REPORTER, host: 'größer "host"', run: "https://ci.example.com/1" };
        await circuit.probe({ reporter });
        const { probes, policy } = await reportOf(circuit);
        assert.equal(probes.length, 1);
        assert.equal(probes[0]?.host, reporter.host);
        assert.equal(probes[0]?.run, reporter.run);
        assert.equal(policy?.halfOpenProbeTimeoutMs, 600_000);
      },
      { resetTimeoutMs: 1 },
    ),
  },
  {
    title: "counts that are sent together with outcomes are added up, and change nothing else",
    check: counting(async (circuit) => {
      await circuit.limit();
      const before = await circuit.read();
      const run = { fault: "registry", durationMs: 61_000, waitedMs: 1000, avoidedMs: 0 };
      const runs = [
        { ...run, result: "error" as const },
        { ...run, result: "skip" as const, durationMs: 10, avoidedMs: 60_000 },
        { ...run, result: "cancellation" as const, waitedMs: 0 },
      ];
      await circuit.run({ kind: "tell", rejections: 7, runs, failedRunsMs: [61_000] });
      const after = await circuit.read();
      assert.deepEqual(
        { ...after, ageMs: 0, retryAfterMs: 0 },
        { ...before, ageMs: 0, retryAfterMs: 0 },
      );
      const report = await reportOf(circuit);
      assert.equal(report.rejections, 7);
      assert.deepEqual(report.runs.failedMs, [61_000]);
      assert.deepEqual(report.runs.faults, [{ fault: "registry", count: 1 }]);
      assert.deepEqual([report.runs.waitedMs, report.runs.avoidedMs], [2000, 60_000]);
      const counts = report.runs.results.map(({ result, count }) => [result, count]);
      assert.deepEqual(counts, [
        ["success", 0],
        ["failure", 0],
        ["error", 1],
        ["timeout", 0],
        ["skip", 1],
        ["cancellation", 1],
      ]);
    }),
  },
  {
    title: "faults beyond the limit of names are counted together",
    check: counting(async (circuit) => {
      const { snapshot } = await circuit.admit();
      for (let index = 0; index < 40; index += 1) {
        const failure = { ...FAILURE, fault: `fault-${index}` };
        await circuit.settle(snapshot.generation, { failures: 1, successes: 9, failure });
      }
      const { failures } = await reportOf(circuit);
      assert.equal(failures.length, 33);
      assert.equal(failures.find(({ fault }) => fault === "_OTHER")?.count, 8);
    }),
  },
  {
    title: "scopes are listed, and a list with reports contains one report for each circuit",
    check: counting(async (circuit, { store, scope }) => {
      await circuit.settle(null, { failures: 1, failure: RATE_LIMIT });
      assert.ok((await store.scopes?.())?.includes(scope));
      const [entry] = await store.list(scope, undefined, true);
      assert.equal(entry?.report?.failures[0]?.count, 1);
      const [plain] = await store.list(scope);
      assert.equal(plain?.report, undefined);
      const unknown = await store.run({ scope, name: "unknown" }, { kind: "read", report: true });
      assert.equal(unknown.report, undefined);
    }),
  },
];

/**
 * Returns a case that checks only stores with counters. Stores of the previous version have no counters,
 * and pass.
 */
function counting(
  check: (circuit: Circuit, setting: CaseStores) => Promise<void>,
  policy: Parameters<CaseStores["circuit"]>[0] = {},
): RuleCase["check"] {
  return async (setting) => {
    if (setting.store.scopes !== undefined) await check(setting.circuit(policy), setting);
  };
}

async function reportOf(circuit: Circuit): Promise<CircuitReport> {
  const { report } = await circuit.run({ kind: "read", report: true });
  assert.ok(report !== undefined, "expected a report of a circuit that is known");
  return report;
}
