import fc from "fast-check";
import { expect, test } from "vitest";
import {
  attempt,
  failedRun,
  LIMITED,
  OWN_FAULT,
  rejectedRun,
  sampleRun,
} from "../../../tests/cli/run/sample-run.js";
import type { RunReport } from "../../runner/report/run-report.js";
import { annotations, outputLines, stepOutputs, stepSummary, workflowCommand } from "./github.js";

test("a successful run has no annotation", () => {
  expect(annotations(sampleRun())).toEqual([]);
});

test("a failure is an error with its cause, and a runner's warning a warning", () => {
  const warnings = [{ code: "learnt", text: "It asked registry:ghcr.io before." }];
  expect(annotations(failedRun(LIMITED, { warnings }))).toEqual([
    "::warning title=dagger-breaker%3A learnt::It asked registry:ghcr.io before.",
    "::error title=dagger-breaker%3A failed (registry-1.docker.io)::registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min",
  ]);
});

test("a rejection is an error that names the circuit", () => {
  expect(annotations(rejectedRun())[0]).toMatch(
    /^::error title=dagger-breaker%3A rejected \(registry%3Adocker\.io\)::circuit open: registry:docker\.io, since /,
  );
});

test("a run that succeeded in its second attempt is a warning", () => {
  const attempts = [attempt({ exitCode: 1, failure: LIMITED }), attempt()];
  expect(annotations(sampleRun({ attempts }))).toEqual([
    "::warning title=dagger-breaker%3A retried::succeeded in attempt 2; attempt 1 failed (registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min)",
  ]);
});

test("a failure without a named component is not an error; one of a host or the user is", () => {
  const unknown = { ...OWN_FAULT, fault: "unknown", rule: "unknown" } as const;
  const kindOf = (report: RunReport) => /^::(\w+) /.exec(annotations(report)[0] ?? "")?.[1];
  expect(kindOf(failedRun(unknown))).toBe("notice");
  expect(kindOf(sampleRun({ outcome: "failed", exitCode: 3 }))).toBe("notice");
  expect(kindOf(failedRun(OWN_FAULT))).toBe("error");
  expect(kindOf(failedRun({ ...unknown, circuit: "engine" }))).toBe("error");
  expect(kindOf(sampleRun({ outcome: "timed-out", exitCode: 124 }))).toBe("error");
});

test("an error and a retry link to the dashboard, and a failure of the user does not", () => {
  const url = "https://grafana.example/d/breaker?var-scope=a%20b";
  const last = (report: RunReport) => annotations(report, url).at(-1);
  expect(last(failedRun(LIMITED))).toMatch(
    /, dashboard: https:\/\/grafana\.example\/d\/breaker\?var-scope=a%2520b$/,
  );
  expect(last(rejectedRun())).toContain(", dashboard: https://grafana.example");
  const attempts = [attempt({ exitCode: 1, failure: LIMITED }), attempt()];
  expect(last(sampleRun({ attempts }))).toContain(", dashboard: https://grafana.example");
  expect(last(sampleRun({ outcome: "failed", exitCode: 3 }))).not.toContain("dashboard:");
  expect(stepSummary(rejectedRun(), "dagger", url)).toContain(`\n[Dashboard](<${url}>)\n`);
  expect(stepSummary(rejectedRun(), "dagger")).not.toContain("Dashboard");
});

test("prints no more warnings than GitHub shows", () => {
  const warnings = Array.from({ length: 30 }, (_, index) => ({ code: "c", text: `${index}` }));
  expect(annotations(sampleRun({ warnings }))).toHaveLength(10);
});

test("no text ends an annotation's line or title, or starts a command", () => {
  expect(workflowCommand("error", "a:b,c%\n::d", "e%0A\r\n::set-env name=X::f")).toBe(
    "::error title=a%3Ab%2Cc%25%0A%3A%3Ad::e%250A%0D%0A::set-env name=X::f",
  );
});

test("the outputs of a step contain the fault and the time", () => {
  expect(stepOutputs(rejectedRun())).toEqual({
    outcome: "rejected",
    "exit-code": "75",
    fault: "registry",
    upstream: "",
    breaker: "registry:docker.io",
    circuit: "registry:docker.io",
    since: "2026-01-02T03:04:05.000Z",
    "retry-after-ms": "41200",
    attempts: "0",
    "spared-requests": "12",
  });
  expect(stepOutputs(failedRun(OWN_FAULT))).toMatchObject({
    outcome: "failed",
    fault: "user",
    upstream: "",
    breaker: "",
    circuit: "",
    "retry-after-ms": "",
    attempts: "1",
  });
});

test("a failure that no circuit counted still names its circuit", () => {
  const report = failedRun({ ...LIMITED, breaker: null });
  expect(stepOutputs(report)).toMatchObject({ breaker: "", circuit: "registry:docker.io" });
  const summary = stepSummary(report, "make");
  expect(summary).toContain("| circuit | registry:docker.io |\n| counted by the circuit | no |");
  expect(annotations(report)).toEqual([
    "::error title=dagger-breaker%3A failed (registry-1.docker.io)::registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min, circuit registry:docker.io",
  ]);
});

test("no value of an output can add another output", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const lines = outputLines({ first: `${value}\nsecond=x\r\nthird<<EOF`, last: "" });
      const found = lines.split(/\r\n|\r|\n/).filter((line) => line !== "");
      expect(found).toHaveLength(2);
      expect(found[0]?.startsWith("first=")).toBe(true);
    }),
  );
});

test("the summary is a table of the known facts", () => {
  expect(stepSummary(failedRun(LIMITED), "dagger")).toBe(
    `
### dagger-breaker: failed \\(registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min\\)

|  |  |
|---|---|
| program | dagger |
| outcome | failed |
| why | registry registry-1.docker.io: the registry limits the rate of requests, retry in 1 min |
| fault | registry |
| circuit | registry:docker.io |
| retry in | 1 min |
| exit code | 1 |
| attempts | 1 |
| took | 2 s |
| requests avoided | 0 |

`,
  );
});

test("the summary contains the causes of earlier attempts", () => {
  const attempts = [attempt({ exitCode: 124, timedOut: "idle" }), attempt()];
  expect(stepSummary(sampleRun({ attempts }), "dagger")).toContain(
    "| failed before | attempt 1 failed \\(no output and no trace within --idle-timeout\\) |",
  );
});

test("the summary lists the engine's contacts", () => {
  const upstreams = Array.from({ length: 40 }, (_, index) => ({
    kind: "registry" as const,
    host: `r${index}.example.com`,
    serves: null,
    exchanges: 3,
    answered: 2,
    failed: 1,
    limited: 0,
    undecided: 0,
    repeated: 0,
    durationMs: 5,
    slowestMs: 3,
  }));
  const contacts = {
    spans: 9,
    requests: 1,
    upstreams,
    cached: { calls: 0, byCall: [], hosts: [] },
    images: [],
    omitted: { exchanges: 0, images: 0 },
  };
  const summary = stepSummary(sampleRun({ contacts }), "dagger");
  expect(summary).toContain("| registry | r0.example.com | 3 | 2 | 1 | 0 |");
  expect(summary).toContain("\n10 further hosts.\n");
});

test("no name leaves its cell or acts as Markdown or HTML", () => {
  const summary = stepSummary(sampleRun(), "a|b\n| c | <img src=x>`d` [e](f) \\|");
  expect(summary).toContain(
    "| program | a\\|b \\| c \\| \\<img src=x\\>\\`d\\` \\[e\\]\\(f\\) \\\\\\| |\n",
  );
});
