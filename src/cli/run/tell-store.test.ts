import { expect, test } from "vitest";
import {
  attempt,
  failedRun as failing,
  LIMITED,
  OWN_FAULT,
  rejectedRun,
  sampleRun,
} from "../../../tests/cli/run/sample-run.js";
import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { RunReport } from "../../runner/report/run-report.js";
import { countedRun, failedRun } from "./tell-store.js";

const unknown = { ...OWN_FAULT, fault: "unknown" as const };
const engine = { ...OWN_FAULT, fault: "engine" as const, breaker: "engine", circuit: "engine" };
const REJECTED = {
  ...OWN_FAULT,
  fault: "cancelled" as const,
  rule: OWN_REJECTED,
  circuit: "registry:docker.io",
};
const retried = [attempt({ exitCode: 1, durationMs: 700, failure: LIMITED })];

test.each<readonly [string, RunReport, string, string | null]>([
  ["a success", sampleRun(), "success", null],
  ["a failure of the user", failing(OWN_FAULT), "failure", null],
  [
    "a command that cannot start",
    sampleRun({ outcome: "not-started", attempts: [] }),
    "failure",
    null,
  ],
  ["a failure of an upstream", failing(LIMITED), "error", "registry"],
  [
    "a failure of the engine at a limit",
    failing(engine, { outcome: "timed-out" }),
    "error",
    "engine",
  ],
  [
    "a limit without a component at fault",
    failing(unknown, { outcome: "timed-out" }),
    "timeout",
    null,
  ],
  ["a limit without a failure", sampleRun({ outcome: "timed-out" }), "timeout", null],
  ["a rejected request of a session", failing(REJECTED), "error", "registry"],
  ["a failure of an unknown component", failing(unknown), "error", null],
  ["a failure to write the output", sampleRun({ outcome: "failed" }), "error", null],
  ["a rejection before the start", rejectedRun(), "skip", null],
  [
    "a rejection of a retry",
    rejectedRun({ attempts: retried, failure: LIMITED }),
    "error",
    "registry",
  ],
  ["a user who canceled", failing({ ...OWN_FAULT, fault: "cancelled" }), "cancellation", null],
  ["a signal", failing(LIMITED, { outcome: "interrupted" }), "cancellation", null],
])("%s is counted by its result", (_, report, result, fault) => {
  expect(countedRun({ ...report, waitedMs: 5, avoidedMs: 6 })).toEqual({
    result,
    fault,
    durationMs: 2000,
    waitedMs: 5,
    avoidedMs: 6,
  });
});

test("a run failed after the time of its attempts, at the shared circuit that counted it", () => {
  const attempts = [attempt({ durationMs: 300 }), attempt({ durationMs: 400 })];
  const counted = { ...LIMITED, breaker: "registry:docker.io", couldShare: false };
  const registry = { circuit: "registry:docker.io", afterMs: 700 };
  expect(failedRun(failing(counted, { attempts }), undefined)).toEqual(registry);
  expect(failedRun(rejectedRun({ attempts, failure: counted }), undefined)).toEqual(registry);
  const remote = "tcp://engine.example.com:8080";
  expect(failedRun(failing(engine, { attempts }), remote)?.circuit).toBe(
    "engine:engine.example.com:8080",
  );
});

test("a run without a shared circuit that counted its failure has no time to failure", () => {
  const counted = { ...LIMITED, breaker: "registry:docker.io", couldShare: false };
  const runs = [
    sampleRun(),
    rejectedRun(),
    failing(OWN_FAULT),
    failing({ ...counted, breaker: null }),
    failing({ ...counted, couldShare: true }),
    failing({ ...counted, breaker: "registry:localhost:5000" }),
    failing(engine),
    failing(counted, { outcome: "interrupted" }),
  ];
  for (const run of runs) expect(failedRun(run, undefined)).toBeUndefined();
});
