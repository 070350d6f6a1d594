/**
 * Determines the failure of a command from its output, or from the engine's spans if the output was
 * not read.
 */

import { classifyFailure } from "../../attribution/classify/classify-failure.js";
import { COMMAND_FAILED, type Failure } from "../../attribution/failure.js";
import { OWN_REJECTED, OWN_SESSION_LOST, OWN_TIMED_OUT } from "../../attribution/rules/own.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import type { RejectedRequest, RunLimit } from "../run-plan.js";
import type { AttemptEnd } from "./supervised-command.js";

/**
 * The rule for the message of an engine that shuts down. A signal to `dagger` never causes this
 * message, so this failure counts even after a limit.
 */
const ENGINE_ENDS = "session.shutting-down";
/** The exit code of dagger for every failure except a failed command in the user's pipeline. */
const DAGGER_FAILED = 1;

/**
 * Returns the failure of an attempt. Returns null after a success, and after a limit if the output
 * shows no failing upstream.
 *
 * @param isOwn Whether the command is the dagger CLI itself. The exit code of a shell or of make
 * may mean anything.
 * @param rejectedRequest The last rejected request of the command's sessions. It takes precedence
 * over the output, because a program may print the SDK's error in any form.
 */
export function failureOf(
  end: Pick<AttemptEnd, "text" | "exitCode" | "timedOut" | "isUnread" | "textAtLimit">,
  isOwn: boolean,
  exchanges: readonly Evidence[],
  rejectedRequest: RejectedRequest | null = null,
): Failure | null {
  const { text, exitCode, timedOut, isUnread } = end;
  if (timedOut !== null) return failureAtLimit(end, timedOut, isOwn);
  if (exitCode === 0) return null;
  const classified = classifyFailure(text, isOwn ? { source: "cli", exitCode } : {});
  if (rejectedRequest !== null && !tellsOfOther(classified))
    return ownFailure(rejectedRequest, classified);
  const mayTell = isOwn && isUnread && exitCode === DAGGER_FAILED && !classified.counts;
  return (mayTell ? failureBySpans(exchanges) : undefined) ?? classified;
}

/**
 * Returns the failure that made a command hang until a limit ended it; null if the output shows
 * none. For example, `dagger` hangs when its engine dies.
 */
function failureAtLimit(
  { text, textAtLimit }: Pick<AttemptEnd, "text" | "textAtLimit">,
  limit: RunLimit,
  isOwn: boolean,
): Failure | null {
  if (limit === "connect") return SESSION_TOO_LATE;
  const context = isOwn ? ({ source: "cli" } as const) : {};
  const before = classifyFailure(textAtLimit ?? text, context);
  if (before.counts) return before;
  // Dagger 1.0 prints errors only at its end. The limit's own signal caused some of these errors,
  // so most errors of the engine are ignored here.
  const after = classifyFailure(withoutCancellation(text), context);
  const isOurs = after.fault === "engine" && after.rule !== ENGINE_ENDS;
  if (after.counts && !isOurs) return after;
  return limit === "session"
    ? ownFailure({ type: "SESSION_LOST", circuit: "engine" }, before)
    : null;
}

/** Removes the lines with "context canceled", because the limit's own signal causes them. */
function withoutCancellation(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/\bcontext cancell?ed\b/i.test(line))
    .join("\n");
}

/**
 * Returns whether the output shows a failure other than the rejected request, such as a failed
 * command in a container.
 */
function tellsOfOther({ counts, rule }: Failure): boolean {
  return counts || rule === COMMAND_FAILED;
}

const OWN_BY_TYPE: Readonly<Record<RejectedRequest["type"], Pick<Failure, "rule" | "reason">>> = {
  CIRCUIT_OPEN: {
    rule: OWN_REJECTED,
    reason: "A circuit breaker rejected a request of the command.",
  },
  TIMED_OUT: {
    rule: OWN_TIMED_OUT,
    reason: "A request of the command took longer than --operation-timeout.",
  },
  SESSION_LOST: {
    rule: OWN_SESSION_LOST,
    reason: "The session of the command was lost.",
  },
};

/**
 * Returns the failure for a rejected request. A retry may help even after a lost session, because
 * the retry opens a new session.
 */
function ownFailure({ type }: RejectedRequest, classified: Failure): Failure {
  const { rule } = OWN_BY_TYPE[type];
  const sessionLost = type === "SESSION_LOST";
  const fault = type === "CIRCUIT_OPEN" ? "cancelled" : sessionLost ? "engine" : "unknown";
  const retryAfterMs = classified.rule === rule ? classified.retryAfterMs : null;
  const told = { ...classified, ...OWN_BY_TYPE[type], fault, retryAfterMs, sessionLost } as const;
  return { ...told, upstream: null, upstreamKind: null, transient: true, answered: false };
}

/**
 * Adds the host from the spans if the output names no host, for example with `--silent`. Adds
 * nothing unless the spans contain exactly one failed host of the failure's kind.
 */
export function withSeenHost(failure: Failure, exchanges: readonly Evidence[]): Failure {
  const { upstream, upstreamKind, counts } = failure;
  if (!counts || upstream !== null || upstreamKind === null) return failure;
  const failed = exchanges.filter(
    ({ kind, outcome }) => kind === upstreamKind && outcome !== "answered",
  );
  const [host, ...others] = new Set(failed.map((seen) => seen.host));
  return host === undefined || others.length > 0 ? failure : { ...failure, upstream: host };
}

/**
 * Returns the failure of the last failed exchange in the spans. Ignores spans that code in a
 * container could have forged.
 */
function failureBySpans(exchanges: readonly Evidence[]): Failure | undefined {
  const seen = exchanges.findLast(({ outcome, forgeable }) => outcome !== "answered" && !forgeable);
  if (seen === undefined) return undefined;
  const limited = seen.outcome === "limited";
  return {
    fault: seen.kind,
    upstream: seen.host,
    upstreamKind: seen.kind,
    counts: true,
    limited,
    transient: true,
    retryAfterMs: null,
    answered: false,
    suspectedUpstream: null,
    sessionLost: false,
    rule: limited ? "spans.limited" : "spans.failed",
    reason: limited
      ? "The host limited the rate of requests."
      : "The host did not answer as it should.",
  };
}
