import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { ALERT_RULES } from "../../telemetry/prometheus/rules.js";
import { run } from "../command-line.js";

async function alerts(...args: readonly string[]) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const exitCode = await run(["alerts", ...args], { stdin, stdout, stderr, env: {} });
  return { exitCode, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

function rulesIn(yaml: string) {
  const { groups } = parse(yaml);
  expect(groups).toHaveLength(1);
  return groups[0].rules as {
    alert: string;
    expr: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
  }[];
}

test("prints every alert with what it means and a link to its section", async () => {
  const { exitCode, stdout } = await alerts();
  expect(exitCode).toBe(0);
  const rules = rulesIn(stdout);
  expect(rules.map(({ alert }) => alert)).toEqual(ALERT_RULES.map(({ alert }) => alert));
  for (const [index, { expr, labels, annotations }] of rules.entries()) {
    expect(expr).toContain('job="dagger-breaker"');
    expect(labels).toEqual({ severity: "warning" });
    expect(Object.keys(annotations)).toEqual(["summary", "description", "runbook_url"]);
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${ALERT_RULES[index]?.section}`);
  }
});

test("takes the job, the severity and the place of the runbook", async () => {
  const job = 'the "api" job';
  const { stdout } = await alerts("--job", job, "--severity", "page", "--runbook", "https://a/b");
  for (const { expr, labels, annotations } of rulesIn(stdout)) {
    expect(expr).toContain('job="the \\"api\\" job"');
    expect(expr).not.toContain("dagger-breaker");
    expect(labels).toEqual({ severity: "page" });
    expect(annotations.runbook_url).toMatch(/^https:\/\/a\/b#[a-z-]+$/);
  }
});

test.each([
  ["--job", ""],
  ["--severity", "two\nlines"],
  ["--runbook", " "],
])("rejects %s %j", async (option, value) => {
  const { exitCode, stderr, stdout } = await alerts(option, value);
  expect([exitCode, stdout]).toEqual([64, ""]);
  expect(stderr).toContain(`invalid ${option}`);
  expect(stderr).toContain("expected 1 to 200 visible characters");
});
