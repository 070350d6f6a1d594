import { expect, test } from "vitest";
import {
  attempt,
  failedRun,
  LIMITED,
  OWN_FAULT,
  rejectedRun,
  sampleRun,
} from "../../../tests/cli/run/sample-run.js";
import { closingLine } from "./words.js";

test("a successful run is one short line", () => {
  expect(closingLine(sampleRun())).toBe("dagger-breaker: succeeded, exit code 0");
});

test("a failure names the component at fault, what happened and when to retry", () => {
  const attempts = [attempt({ exitCode: 1, failure: LIMITED }), attempt({ exitCode: 1 })];
  expect(closingLine(failedRun(LIMITED, { attempts, waitedMs: 61_000, sparedRequests: 12 }))).toBe(
    "dagger-breaker: failed (registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min), exit code 1, 2 attempts, waited 1 min 1 s for circuits, 12 requests avoided",
  );
});

test("a failure of the pipeline itself names only a host that its output identifies", () => {
  const failure = { ...OWN_FAULT, suspectedUpstream: "registry.npmjs.org" };
  expect(closingLine(failedRun(failure))).toBe(
    "dagger-breaker: failed (user: a command of the pipeline ended with an exit code that means failure (the output of the command names registry.npmjs.org)), exit code 1",
  );
});

test("a failure with an unknown cause is shown without one", () => {
  const report = sampleRun({ outcome: "failed", exitCode: 3 });
  expect(closingLine(report)).toBe("dagger-breaker: failed, exit code 3");
});

test("a failure that only this run counts names the option that would report it", () => {
  const line = closingLine(failedRun({ ...LIMITED, couldShare: true }));
  expect(line).toMatch(
    /, not reported to the store; add --needs registry:docker\.io to report it$/,
  );
});

test("a rejection names the circuit, when it opened, and the shortest wait", () => {
  expect(closingLine(rejectedRun())).toBe(
    "dagger-breaker: rejected (circuit open: registry:docker.io, since 2026-01-02T03:04:05.000Z, retry in 42 s, also rejected by git:github.com), exit code 75, 12 requests avoided",
  );
});

test("an isolated circuit has no end time", () => {
  const rejection = {
    upstream: "engine",
    others: [],
    reason: "isolated",
    retryAfterMs: null,
    since: null,
    until: null,
    rule: null,
    fault: null,
    scope: null,
    openedBy: null,
    isolationReason: null,
    notWaited: null,
  } as const;
  expect(closingLine(rejectedRun({ rejection, sparedRequests: 0 }))).toBe(
    "dagger-breaker: rejected (circuit isolated: engine), exit code 75",
  );
});

test("a rejection by a shared circuit names the machine and the run that opened it", () => {
  const { rejection } = rejectedRun();
  if (rejection === null) throw new Error("no rejection");
  const openedBy = { host: "runner-7", run: "https://ci.example.com/42" };
  const shared = { ...rejection, others: [], scope: "egress-1", openedBy };
  expect(closingLine(rejectedRun({ rejection: shared, sparedRequests: 0 }))).toBe(
    "dagger-breaker: rejected (circuit open: registry:docker.io, since 2026-01-02T03:04:05.000Z, opened by runner-7 (https://ci.example.com/42) in scope egress-1, retry in 42 s), exit code 75",
  );
});

test("a rejection by an isolated shared circuit names the owner and the reason", () => {
  const { rejection } = rejectedRun();
  if (rejection === null) throw new Error("no rejection");
  const by = { scope: "default", openedBy: { host: "ann@desk", run: null } };
  const isolated = {
    ...rejection,
    ...by,
    others: [],
    reason: "isolated",
    retryAfterMs: null,
    isolationReason: "maintenance",
    notWaited: "the isolation lasts longer than --max-wait (300s)",
    until: "2026-01-02T05:00:00.000Z",
  } as const;
  expect(closingLine(rejectedRun({ rejection: isolated, sparedRequests: 0 }))).toBe(
    "dagger-breaker: rejected (circuit isolated: registry:docker.io, since 2026-01-02T03:04:05.000Z, by ann@desk in scope default, reason: maintenance, until 2026-01-02T05:00:00.000Z, not waited for: the isolation lasts longer than --max-wait (300s)), exit code 75",
  );
});

test.each([
  ["total", "it took longer than --timeout"],
  ["connect", "no session opened within --connect-timeout"],
  ["idle", "no output and no trace within --idle-timeout"],
] as const)("a run ended by the timeout %s names the option that ended it", (timedOut, words) => {
  const attempts = [attempt({ exitCode: 124, timedOut })];
  expect(closingLine(sampleRun({ outcome: "timed-out", exitCode: 124, attempts }))).toBe(
    `dagger-breaker: timed out (${words}), exit code 124`,
  );
});

test("a run that a signal ended names it", () => {
  const report = sampleRun({ outcome: "interrupted", exitCode: 143, signal: "SIGTERM" });
  expect(closingLine(report)).toBe("dagger-breaker: interrupted (SIGTERM), exit code 143");
});

test("shows rejected requests of a command's sessions", () => {
  const sessions = { requests: 9, rejected: 1, timedOut: 0, lost: 0 };
  expect(closingLine(sampleRun({ sessions }))).toBe(
    "dagger-breaker: succeeded, exit code 0, 1 request rejected",
  );
});

test("a rejected run shows the time that it avoided, as an estimate", () => {
  expect(closingLine(rejectedRun({ avoidedMs: 250_000 }))).toMatch(
    /, exit code 75, about 4 min 10 s of run time avoided, 12 requests avoided$/,
  );
});

test("the line of a run that was not retried contains the reason", () => {
  const report = sampleRun({ outcome: "failed", exitCode: 1, notRepeated: "the cause is unknown" });
  expect(closingLine(report)).toMatch(/, exit code 1, not retried: the cause is unknown$/);
});
