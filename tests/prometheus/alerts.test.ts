/**
 * Tests the alerts of `dagger-breaker alerts` in a real promtool. Each alert must fire in its scenes and at
 * no other time.
 */

import { expect, test } from "vitest";
import { alertsYaml } from "../../src/cli/alerts/command.js";
import { ALERT_RULES } from "../../src/telemetry/prometheus/rules.js";
import { ALERT_CASES, type AlertCase, CASES_OF_MANY } from "./alert-cases.js";
import { promtool } from "./promtool.js";
import { TARGET } from "./recording.js";

const FLAGS = { job: TARGET.job, severity: "critical", runbook: "https://docs.example/runbook" };
const RULES = { "rules.yml": alertsYaml(FLAGS) };

/** Fills in a template as Prometheus does. Supports only the syntax that our rules use. */
function filled(text: string, labels: Readonly<Record<string, string>>): string {
  return text
    .replace(
      /\{\{ with \$labels\.(\w+) \}\}(.*?)\{\{ end \}\}/g,
      (_, name: string, inner: string) =>
        labels[name] === undefined ? "" : inner.replaceAll("{{ . }}", labels[name]),
    )
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? "");
}

/**
 * Returns which alerts promtool must find in every minute. With `onlyThat`, only the alert of the case is
 * checked.
 */
function expectations({ fires }: AlertCase, scrapes: number, onlyThat: boolean) {
  return ALERT_RULES.filter(({ alert }) => !onlyThat || alert === fires?.alert).flatMap((rule) =>
    Array.from({ length: Math.ceil(scrapes / stepOf(scrapes)) }, (_, index) => {
      const minute = index * stepOf(scrapes);
      const isFiring = fires?.alert === rule.alert && minute >= fires.from && minute <= fires.to;
      const labels = { job: TARGET.job, ...fires?.labels };
      const alert = {
        exp_labels: { severity: FLAGS.severity, ...labels },
        exp_annotations: {
          summary: filled(rule.summary, labels),
          description: filled(rule.description, labels),
          runbook_url: `${FLAGS.runbook}#${rule.section}`,
        },
      };
      const exp_alerts = isFiring ? [alert] : [];
      return { eval_time: `${minute}m`, alertname: rule.alert, exp_alerts };
    }),
  );
}

/** Returns the minutes between two evaluations: one, or ten in a scene of many hours. */
function stepOf(scrapes: number): number {
  return scrapes > 400 ? 10 : 1;
}

async function check(one: AlertCase, onlyThat: boolean): Promise<void> {
  const recording = await one.play();
  const interval = "1m";
  const input_series = recording
    .entries()
    .map(([series, values]) => ({ series, values: values.join(" ") }));
  const alert_rule_test = expectations(one, recording.scrapes, onlyThat);
  const tests = [{ interval, input_series, alert_rule_test }];
  const file = {
    rule_files: ["rules.yml"],
    evaluation_interval: `${stepOf(recording.scrapes)}m`,
    tests,
  };
  const files = { ...RULES, "test.yml": JSON.stringify(file) };
  const { failed, output } = await promtool(["test", "rules", "test.yml"], files);
  expect(output.slice(0, 5000)).toMatch(/^Unit Testing: {2}test\.yml\n\s*SUCCESS\s*$/);
  expect(failed).toBe(false);
}

test("promtool accepts the rules", async () => {
  const { failed, output } = await promtool(["check", "rules", "rules.yml"], RULES);
  expect(output).toContain(`SUCCESS: ${ALERT_RULES.length} rules found`);
  expect(failed).toBe(false);
});

const firing = ALERT_CASES.filter(({ fires }) => fires !== undefined);
const silent = ALERT_CASES.filter(({ fires }) => fires === undefined);

test.each(firing)("in $title, $fires.alert fires and nothing else", (one) => check(one, false));

test.each(silent)("in $title, no alert fires", (one) => check(one, false));

test.each(CASES_OF_MANY)("in $title, $fires.alert fires", (one) => check(one, true));

test("every alert fires in one scene at least", () => {
  const fired = [...ALERT_CASES, ...CASES_OF_MANY].map(({ fires }) => fires?.alert);
  expect(ALERT_RULES.map(({ alert }) => alert).filter((alert) => !fired.includes(alert))).toEqual(
    [],
  );
});
