/**
 * Renders a classification in words. Shows no part of the classified text except host names,
 * because other parts may contain secrets.
 */

import type { Fault } from "../../attribution/failure.js";
import { type Paint, tableLines } from "../terminal.js";
import { durationText } from "../time-words.js";
import type { ClassificationResult, JudgedFailure } from "./classification.js";

const WHO: Readonly<Record<Fault, string>> = {
  engine: "The Dagger engine failed",
  registry: "A container registry failed",
  git: "A git host failed",
  http: "An HTTP server failed",
  service: "A service of the pipeline failed",
  user: "The pipeline itself failed",
  cancelled: "A person or the CI system stopped it",
  cloud: "A cache or telemetry service failed",
  unknown: "Cause unknown",
};

/** Returns the lines that `classify` prints. */
export function verdictLines({ failures }: ClassificationResult, paint: Paint): string[] {
  if (failures.length === 0) return [paint.green("Nothing failed.")];
  return failures.flatMap((failure, index) => {
    const place = failures.length > 1 ? `${index + 1} of ${failures.length}: ` : "";
    const gap = index > 0 ? [""] : [];
    return [...gap, `${place}${headline(failure, paint)}`, ...details(failure)];
  });
}

function headline({ fault, reason }: JudgedFailure, paint: Paint): string {
  const colour = { user: paint.yellow, cancelled: paint.dim, unknown: paint.dim }[fault as string];
  return `${(colour ?? paint.red)(paint.bold(`${WHO[fault]}.`))} ${reason}`;
}

function details(failure: JudgedFailure): string[] {
  const { retryAfterMs, suspectedUpstream } = failure;
  const rows: [string, string][] = [
    ["fault", failure.fault],
    ["upstream", failure.upstream ?? "none named"],
    ["circuit", failure.breaker ?? "none"],
    ["counts", failure.counts ? "yes: a circuit breaker counts it as a failure" : "no"],
    ["transient", transience(failure)],
    ["rate limited", failure.limited ? "yes" : "no"],
    ["retry after", retryAfterMs === null ? "not stated" : durationText(retryAfterMs)],
  ];
  if (failure.answered) rows.push(["answered", "yes: the upstream is up and rejected the request"]);
  if (failure.sessionLost) rows.push(["session", "lost: connect again"]);
  if (suspectedUpstream !== null) {
    rows.push(["suspected", `${suspectedUpstream}: the command's output names it`]);
  }
  rows.push(["rule", failure.rule]);
  return tableLines(rows.map(([name, value]) => [`  ${name}`, value]));
}

function transience({ fault, transient }: JudgedFailure): string {
  if (transient) return "yes: a retry may succeed";
  return fault === "unknown" ? "not known" : "no: a retry will not help";
}
