/** Renders in words how a run ended, for the closing line and for reports in CI systems. */

import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { RunFailure } from "../../runner/attempt/run-failure.js";
import type { OutputError } from "../../runner/output/child-streams.js";
import type {
  AttemptReport,
  CircuitOpener,
  RejectionReport,
  RunReport,
} from "../../runner/report/run-report.js";
import { durationText, waitText } from "../time-words.js";

/** Names that keep their capital letter inside a sentence. */
const NAMES = /^(?:Dagger|Git)\b/;

const TIMED_OUT: Readonly<Record<NonNullable<AttemptReport["timedOut"]>, string>> = {
  total: "it took longer than --timeout",
  connect: "no session opened within --connect-timeout",
  idle: "no output and no trace within --idle-timeout",
  session:
    "its session was lost, and neither output nor a new session followed within --lost-session-grace",
};

/**
 * Returns the line at the end of every run. The line contains no part of the command's arguments or
 * output.
 */
export function closingLine(report: RunReport): string {
  return `dagger-breaker: ${[headline(report), ...figures(report)].join(", ")}`;
}

/** Renders how the run ended and why. The exit code and the counts are left out. */
export function headline(report: RunReport): string {
  const why = cause(report);
  return `${report.outcome.replaceAll("-", " ")}${why === undefined ? "" : ` (${why})`}`;
}

/**
 * Renders the cause of a failed run. Returns undefined after a success, or if the cause is unknown.
 */
export function cause({ outcome, rejection, failure, signal, attempts }: RunReport) {
  if (outcome === "succeeded") return undefined;
  if (rejection !== null && outcome === "rejected") return rejectionText(rejection);
  const { timedOut = null, outputError = null } = attempts.at(-1) ?? {};
  if (outputError !== null) return outputErrorText(outputError);
  if (timedOut !== null) {
    const isTold = failure === null || timedOut === "connect" || timedOut === "session";
    return isTold ? TIMED_OUT[timedOut] : `${TIMED_OUT[timedOut]}; ${failureText(failure)}`;
  }
  if (outcome === "interrupted" && signal !== null) return signal;
  return failure === null ? undefined : failureText(failure);
}

function outputErrorText({ stream, code }: OutputError): string {
  const name = stream === "stdout" ? "standard output" : "standard error";
  return `${name} cannot be written: ${code}`;
}

/**
 * Renders the causes of the attempts before the last one. If a circuit rejected the next attempt,
 * includes the last attempt too.
 */
export function earlierCauses({ attempts, outcome }: RunReport): string[] {
  const before = outcome === "rejected" ? attempts : attempts.slice(0, -1);
  return before.map(attemptCause);
}

/** Renders the cause of a failed attempt. */
export function attemptCause({ timedOut, failure, exitCode }: AttemptReport): string {
  if (timedOut !== null) return TIMED_OUT[timedOut];
  return failure === null ? `exit code ${exitCode}` : failureText(failure);
}

/** Renders the component at fault, and what happened. */
export function failureText(failure: RunFailure): string {
  const { fault, upstream, reason, retryAfterMs, suspectedUpstream } = failure;
  const who = upstream === null ? whose(failure) : `${fault} ${upstream}`;
  const wait = retryAfterMs === null ? "" : `, retry in ${waitText(retryAfterMs)}`;
  const suspect =
    suspectedUpstream === null ? "" : ` (the output of the command names ${suspectedUpstream})`;
  return `${who}: ${clause(reason)}${wait}${suspect}`;
}

/**
 * Returns the component at fault. If a circuit rejected a request, returns that circuit instead.
 */
function whose({ fault, rule, circuit }: RunFailure): string {
  return rule === OWN_REJECTED && circuit !== null ? `circuit ${circuit}` : fault;
}

/** Renders which circuit rejected the command, since when, and for how long. */
export function rejectionText(rejection: RejectionReport): string {
  const { upstream, others, reason, retryAfterMs, since, until, fault, scope, openedBy } =
    rejection;
  const state = reason === "isolated" ? "circuit isolated" : "circuit open";
  const parts = [`${state}: ${upstream}`];
  if (since !== null) parts.push(`since ${since}`);
  if (openedBy !== null) {
    const verb = reason === "isolated" ? "by" : "opened by";
    parts.push(`${verb} ${openerText(openedBy)} in scope ${scope}`);
  }
  if (rejection.isolationReason !== null) parts.push(`reason: ${rejection.isolationReason}`);
  if (fault !== null && fault !== upstream.split(":")[0]) parts.push(`fault: ${fault}`);
  if (reason === "isolated" && until !== null) parts.push(`until ${until}`);
  if (retryAfterMs !== null) parts.push(`retry in ${waitText(retryAfterMs)}`);
  if (rejection.notWaited !== null) parts.push(`not waited for: ${rejection.notWaited}`);
  if (others.length > 0) parts.push(`also rejected by ${others.join(" and ")}`);
  return parts.join(", ");
}

function openerText({ host, run }: CircuitOpener): string {
  return run === null ? host : `${host} (${run})`;
}

/** Renders the exit code and the counts of the run. Omits counts of 0. */
function figures({ exitCode, attempts, waitedMs, sessions, ...report }: RunReport): string[] {
  const { failure, sparedRequests, notRepeated, avoidedMs } = report;
  const texts = [`exit code ${exitCode}`];
  if (attempts.length > 1) texts.push(`${attempts.length} attempts`);
  if (notRepeated !== null) texts.push(`not retried: ${notRepeated}`);
  if (waitedMs >= 1) texts.push(`waited ${durationText(waitedMs)} for circuits`);
  if (avoidedMs >= 1) texts.push(`about ${durationText(avoidedMs)} of run time avoided`);
  const rejected = sessions?.rejected ?? 0;
  if (rejected > 0) texts.push(`${count(rejected, "request")} rejected`);
  if (sparedRequests > 0) texts.push(`${count(sparedRequests, "request")} avoided`);
  if (failure?.couldShare === true) texts.push(sharingText(failure.breaker));
  return texts;
}

/**
 * Renders the advice to share a failure with `--needs`, because only a program's output shows the
 * failure.
 */
export function sharingText(breaker: string | null): string {
  return `not reported to the store; add --needs ${breaker} to report it`;
}

/**
 * Turns a sentence into a part of another sentence. Removes the full stop and the capital letter.
 */
function clause(sentence: string): string {
  const text = sentence.replace(/\.$/, "");
  return NAMES.test(text) ? text : text.replace(/^[A-Z](?=[a-z ])/, (first) => first.toLowerCase());
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? "" : "s"}`;
}
