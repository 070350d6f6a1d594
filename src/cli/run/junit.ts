/** Renders a run as JUnit XML. The cases of the suite are the attempts. */

import type { RunFailure } from "../../runner/attempt/run-failure.js";
import type { AttemptReport, RunReport } from "../../runner/report/run-report.js";
import { cause, failureText, headline } from "./words.js";

/** The result of a test case, as an XML element. */
interface CaseResult {
  readonly element: "failure" | "error" | "skipped";
  readonly type: string;
  readonly message: string;
}

const SUITE = "dagger-breaker run";

/**
 * Returns the report. Only the last attempt can be a failure. Earlier attempts are `skipped`,
 * because some CI systems fail a job if any case failed.
 */
export function junitReport(report: RunReport, program: string): string {
  const cases = casesOf(report, program);
  const number = (element: CaseResult["element"]) =>
    cases.filter(({ verdict }) => verdict?.element === element).length;
  const attributes = {
    name: SUITE,
    tests: `${cases.length}`,
    failures: `${number("failure")}`,
    errors: `${number("error")}`,
    skipped: `${number("skipped")}`,
    time: seconds(report.durationMs),
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributesText(attributes)}>`,
    `  <testsuite ${attributesText(attributes)}>`,
    ...cases.flatMap(caseLines),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

interface Case {
  readonly name: string;
  readonly durationMs: number;
  readonly verdict: CaseResult | undefined;
  /**
   * Properties of the case: the failure's circuit, and whether that circuit counted the failure.
   */
  readonly properties: Readonly<Record<string, string>>;
}

function casesOf(report: RunReport, program: string): Case[] {
  const { attempts, outcome } = report;
  const name = (index: number) => `${program}, attempt ${index + 1}`;
  // A rejected run gets a case too, although no attempt was started.
  const isRefused = outcome === "rejected" || outcome === "not-started" || attempts.length === 0;
  const before = isRefused ? attempts : attempts.slice(0, -1);
  const cases: Case[] = before.map((attempt, index) => ({
    name: name(index),
    durationMs: attempt.durationMs,
    verdict: earlierVerdict(attempt),
    properties: circuitOf(attempt.failure),
  }));
  const durationMs = isRefused ? 0 : (attempts.at(-1)?.durationMs ?? 0);
  const last = {
    name: name(before.length),
    durationMs,
    verdict: lastVerdict(report),
    properties:
      report.outcome === "rejected" && report.rejection !== null
        ? { circuit: report.rejection.upstream }
        : circuitOf(report.outcome === "failed" ? report.failure : null),
  };
  return [...cases, last];
}

function circuitOf(failure: RunFailure | null): Readonly<Record<string, string>> {
  if (failure === null || failure.circuit === null) return {};
  return { circuit: failure.circuit, "circuit-counted": `${failure.breaker !== null}` };
}

function earlierVerdict({ exitCode, failure }: AttemptReport): CaseResult {
  const why = failure === null ? `exit code ${exitCode}` : failureText(failure);
  const type = failure?.fault ?? "unknown";
  return {
    element: "skipped",
    type,
    message: `attempt failed (${why}); the next case shows what followed`,
  };
}

/**
 * Returns the result of the last attempt: `failure` for a user error, `error` for any other fault.
 */
function lastVerdict(report: RunReport): CaseResult | undefined {
  const { outcome, failure } = report;
  if (outcome === "succeeded") return undefined;
  const message = cause(report) ?? headline(report);
  if (outcome !== "failed") return { element: "error", type: outcome, message };
  const fault = failure?.fault ?? "unknown";
  return { element: fault === "user" ? "failure" : "error", type: fault, message };
}

function caseLines({ name, durationMs, verdict, properties }: Case): string[] {
  const head = attributesText({ classname: "dagger-breaker", name, time: seconds(durationMs) });
  if (verdict === undefined) return [`    <testcase ${head}/>`];
  const { element, type, message } = verdict;
  return [
    `    <testcase ${head}>`,
    // Some CI systems show the attribute `message`, and others show the text of the element.
    `      <${element} ${attributesText({ type, message })}>${xml(message)}</${element}>`,
    // The properties come last, because some CI systems take the first element for the result of
    // the case.
    ...propertyLines(properties),
    "    </testcase>",
  ];
}

function propertyLines(properties: Readonly<Record<string, string>>): string[] {
  const lines = Object.entries(properties).map(
    ([name, value]) => `        <property ${attributesText({ name, value })}/>`,
  );
  return lines.length === 0 ? [] : ["      <properties>", ...lines, "      </properties>"];
}

function attributesText(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${xml(value)}"`)
    .join(" ");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/**
 * Escapes a text for XML. A control character that XML 1.0 cannot contain becomes a replacement
 * character.
 */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"\t\n\r]/g, (sign) => ENTITIES[sign] ?? sign);
}
