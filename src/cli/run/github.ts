/** Reports a run to GitHub Actions: annotations, step outputs, and the summary. */

import { withoutCommands } from "../../attribution/ci-commands.js";
import type { RunReport } from "../../runner/report/run-report.js";
import { durationText, waitText } from "../time-words.js";
import { cause, earlierCauses, headline, sharingText } from "./words.js";

/** The maximum number of annotations of one kind that GitHub shows for each step. */
const MAX_WARNINGS = 10;
const MAX_ROWS = 30;

/**
 * Returns lines such as `::error title=...::...`, which GitHub shows as annotations. Annotations
 * about errors and retries link to the dashboard, if there is one.
 */
export function annotations(report: RunReport, dashboard?: string): string[] {
  const { outcome, attempts, warnings } = report;
  const link = dashboard === undefined ? "" : `, dashboard: ${dashboard}`;
  const lines = warnings
    .slice(0, MAX_WARNINGS)
    .map(({ code, text }) =>
      workflowCommand("warning", `dagger-breaker: ${code}`, withoutCommands(text)),
    );
  if (outcome !== "succeeded") {
    const text = `${cause(report) ?? headline(report)}${uncountedText(report)}`;
    // If the component at fault is unknown, the annotation is only a notice. For example, after a
    // failed test the test's own annotations are more useful.
    const kind = outcome === "failed" && isUnknown(report) ? "notice" : "error";
    const linked = kind === "error" ? `${text}${link}` : text;
    lines.push(workflowCommand(kind, titleOf(report), withoutCommands(linked)));
  } else if (attempts.length > 1) {
    const text = `succeeded in attempt ${attempts.length}; ${earlierText(report)}${link}`;
    lines.push(workflowCommand("warning", "dagger-breaker: retried", withoutCommands(text)));
  }
  return lines;
}

/** Returns the outputs of the step by name. A missing value becomes an empty text. */
export function stepOutputs(report: RunReport): Readonly<Record<string, string>> {
  const { outcome, exitCode, failure, rejection, attempts, sparedRequests } = report;
  const retryAfterMs = rejection?.retryAfterMs ?? failure?.retryAfterMs ?? null;
  return {
    outcome,
    "exit-code": `${exitCode}`,
    fault: rejection?.fault ?? failure?.fault ?? "",
    upstream: failure?.upstream ?? "",
    breaker: rejection?.upstream ?? failure?.breaker ?? "",
    circuit: rejection?.upstream ?? failure?.circuit ?? "",
    since: rejection?.since ?? "",
    "retry-after-ms": retryAfterMs === null ? "" : `${Math.ceil(retryAfterMs)}`,
    attempts: `${attempts.length}`,
    "spared-requests": `${sparedRequests}`,
  };
}

/**
 * Returns the lines for the output file of the step. Values contain no line break, so a value
 * cannot add another output. The text begins with a line break, because the command may not have
 * ended its last line.
 */
export function outputLines(outputs: Readonly<Record<string, string>>): string {
  const lines = Object.entries(outputs).map(([name, value]) => `${name}=${oneLine(value)}`);
  return `\n${lines.join("\n")}\n`;
}

/** Returns our part of the step's summary, as Markdown. */
export function stepSummary(report: RunReport, program: string, dashboard?: string): string {
  const { failure, rejection, attempts, waitedMs, avoidedMs } = report;
  const { sparedRequests, contacts, lockedImages } = report;
  const retryAfterMs = rejection?.retryAfterMs ?? failure?.retryAfterMs ?? null;
  const rows: (readonly [string, string | undefined])[] = [
    ["program", program],
    ["outcome", report.outcome],
    ["why", cause(report)],
    ["fault", rejection?.fault ?? failure?.fault],
    ["circuit", rejection?.upstream ?? failure?.circuit ?? undefined],
    ["counted by the circuit", countedText(report)],
    ["open since", rejection?.since ?? undefined],
    ["retry in", retryAfterMs === null ? undefined : waitText(retryAfterMs)],
    ["exit code", `${report.exitCode}`],
    ["attempts", `${attempts.length}`],
    ["not retried", report.notRepeated ?? undefined],
    ["failed before", attempts.length > 1 ? earlierText(report) : undefined],
    ["took", durationText(report.durationMs)],
    ["waited for circuits", waitedMs < 1 ? undefined : durationText(waitedMs)],
    ["time avoided", avoidedMs < 1 ? undefined : `about ${durationText(avoidedMs)}`],
    ["requests avoided", `${sparedRequests}`],
    [
      "images pinned by the lock file",
      lockedImages.length === 0 ? undefined : `${lockedImages.length}`,
    ],
  ];
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined);
  const hosts = contacts?.upstreams ?? [];
  return [
    "",
    `### dagger-breaker: ${markdown(headline(report))}`,
    "",
    ...table(["", ""], known),
    ...(dashboard === undefined ? [] : ["", `[Dashboard](<${dashboard}>)`]),
    ...(hosts.length === 0 ? [] : ["", "What the engine contacted:", ""]),
    ...(hosts.length === 0
      ? []
      : table(
          ["kind", "host", "asked", "answered", "failed", "limited"],
          hosts
            .slice(0, MAX_ROWS)
            .map(({ kind, host, exchanges, answered, failed, limited }) => [
              kind,
              host,
              ...[exchanges, answered, failed, limited].map(String),
            ]),
        )),
    ...(hosts.length > MAX_ROWS ? ["", `${hosts.length - MAX_ROWS} further hosts.`] : []),
    "",
    "",
  ].join("\n");
}

/**
 * Returns a remark if the failure's circuit did not count the failure, or counted it only in this
 * run. Otherwise returns undefined.
 */
function countedText({ rejection, failure }: RunReport): string | undefined {
  if (rejection !== null || failure === null || failure.circuit === null) return undefined;
  if (failure.breaker === null) return "no";
  return failure.couldShare ? `only in this run, ${sharingText(failure.breaker)}` : undefined;
}

/** Returns a workflow command. GitHub's runner executes the command when it reads the line. */
export function workflowCommand(
  kind: "error" | "warning" | "notice",
  title: string,
  text: string,
): string {
  const escapedTitle = escaped(title).replaceAll(":", "%3A").replaceAll(",", "%2C");
  return `::${kind} title=${withoutCommands(escapedTitle)}::${escaped(text)}`;
}

/** Renders the causes of the attempts before the last one. */
function earlierText(report: RunReport): string {
  const causes = earlierCauses(report);
  return causes.map((text, index) => `attempt ${index + 1} failed (${text})`).join(", ");
}

/** Returns whether the cause is unknown. An error annotation would then be useless. */
function isUnknown({ failure }: RunReport): boolean {
  return failure === null || (failure.fault === "unknown" && failure.circuit === null);
}

/**
 * Renders the failure's circuit, but only if that circuit did not count the failure. Otherwise
 * another part of the report names the circuit.
 */
function uncountedText({ rejection, failure }: RunReport): string {
  const isUncounted = rejection === null && failure?.breaker === null && failure.circuit !== null;
  return isUncounted ? `, circuit ${failure.circuit}` : "";
}

function titleOf({ outcome, failure, rejection }: RunReport): string {
  const who = rejection?.upstream ?? failure?.upstream ?? failure?.fault;
  const end = outcome.replaceAll("-", " ");
  return `dagger-breaker: ${end}${who === undefined ? "" : ` (${who})`}`;
}

function escaped(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(markdown).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line)];
}

/** Escapes a text so that Markdown shows it unchanged, even in a table cell. */
function markdown(text: string): string {
  return oneLine(text).replace(/[\\`*_{}[\]()<>#+!|~&$@]/g, "\\$&");
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\u2028\u2029\u0085\v\f]+/g, " ");
}
