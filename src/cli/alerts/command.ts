/** `dagger-breaker alerts`: prints alerting rules for Prometheus. */

import { type Command, InvalidArgumentError } from "commander";
import { stringify } from "yaml";
import { where } from "../../telemetry/prometheus/promql.js";
import { ALERT_RULES } from "../../telemetry/prometheus/rules.js";
import { examples, exitCodeHelp } from "../help.js";
import type { CommandContext } from "../terminal.js";

/** The options as parsed by commander. */
interface AlertFlags {
  readonly job: string;
  readonly severity: string;
  readonly runbook: string;
}

/** The job name that the scrape configuration in docs/telemetry.md uses. */
const JOB = "dagger-breaker";

const EXAMPLES = [
  "dagger-breaker alerts > /etc/prometheus/rules/dagger-breaker.yml",
  "dagger-breaker alerts --job api --severity critical",
];

export function addAlertsCommand(program: Command, { terminal }: CommandContext): void {
  program
    .command("alerts")
    .summary("print alerting rules for Prometheus")
    .description(
      'Prints alerting rules for Prometheus, for the metrics of "serve" and of metricsText. docs/runbook.md has a section for each alert.',
    )
    .option("--job <name>", "the Prometheus job whose targets the rules watch", oneLine, JOB)
    .option("--severity <name>", 'the label "severity" of each alert', oneLine, "warning")
    .option(
      "--runbook <url>",
      "the address at which you publish docs/runbook.md",
      oneLine,
      "docs/runbook.md",
    )
    .addHelpText("after", examples(EXAMPLES))
    .addHelpText("after", exitCodeHelp([]))
    .action((flags: AlertFlags) => void terminal.stdout.write(alertsYaml(flags)));
}

/** Returns the rules as YAML. */
export function alertsYaml({ job, severity, runbook }: AlertFlags): string {
  const rules = ALERT_RULES.map((rule) => ({
    alert: rule.alert,
    expr: rule.expr(where.is("job", job)),
    ...(rule.for !== undefined && { for: rule.for }),
    labels: { severity },
    annotations: {
      summary: rule.summary,
      description: rule.description,
      runbook_url: `${runbook}#${rule.section}`,
    },
  }));
  return stringify({ groups: [{ name: "dagger-breaker", rules }] }, { lineWidth: 0 });
}

/**
 * Reads a text of one line. Rejects an empty text, which usually comes from a shell variable that
 * was not set.
 */
function oneLine(text: string): string {
  if (/^[^\p{C}]{1,200}$/u.test(text) && text.trim() !== "") return text;
  throw new InvalidArgumentError("expected 1 to 200 visible characters");
}
