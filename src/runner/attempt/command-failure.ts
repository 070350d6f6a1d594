/** Tells what a command failed with: by its words, or where nobody read them by the engine's spans. */

import { classifyFailure } from "../../attribution/classify/classify-failure.js";
import { COMMAND_FAILED, type Failure } from "../../attribution/failure.js";
import { OWN_REJECTED, OWN_SESSION_LOST, OWN_TIMED_OUT } from "../../attribution/rules/own.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import type { RefusedRequest, RunLimit } from "../run-plan.js";
import type { AttemptEnd } from "./supervised-command.js";

/** The rule for an engine that says itself that it ends, which no signal to its client makes it say. */
const ENGINE_ENDS = "session.shutting-down";
/** The exit code of dagger for all but a step of the user that failed. */
const DAGGER_FAILED = 1;

/**
 * What an attempt failed with; null when it did not, or when a limit of ours ended it that says
 * nothing of anybody.
 *
 * @param isOwn Whether the command is dagger itself. The exit code of a shell or of make may mean
 * whatever it likes.
 * @param refused The last request of its sessions that we refused. It is believed before words, which an
 * SDK, a program and a test runner may have wrapped in any way.
 */
export function failureOf(
  end: Pick<AttemptEnd, "text" | "exitCode" | "timedOut" | "isUnread" | "textAtLimit">,
  isOwn: boolean,
  evidence: readonly Evidence[],
  refused: RefusedRequest | null = null,
): Failure | null {
  const { text, exitCode, timedOut, isUnread } = end;
  if (timedOut !== null) return failureAtLimit(end, timedOut, isOwn);
  if (exitCode === 0) return null;
  const said = classifyFailure(text, isOwn ? { source: "cli", exitCode } : {});
  if (refused !== null && !tellsOfOther(said)) return ownFailure(refused, said);
  const mayTell = isOwn && isUnread && exitCode === DAGGER_FAILED && !said.counts;
  return (mayTell ? failureBySpans(evidence) : undefined) ?? said;
}

/**
 * What a command that a limit has ended was seen to fail with. It may have hung because of that, as
 * dagger does when its engine goes.
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
  // Dagger 1.0 prints only at its end, and then also what our own signal has broken.
  const after = classifyFailure(withoutCancellation(text), context);
  const isOurs = after.fault === "engine" && after.rule !== ENGINE_ENDS;
  if (after.counts && !isOurs) return after;
  return limit === "session"
    ? ownFailure({ type: "SESSION_LOST", circuit: "engine" }, before)
    : null;
}

/** Leaves out the lines that say no more than that we told the command to end. */
function withoutCancellation(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/\bcontext cancell?ed\b/i.test(line))
    .join("\n");
}

/** Whether words tell of a failure that the command met beside the refusal, as one of its own commands. */
function tellsOfOther({ counts, rule }: Failure): boolean {
  return counts || rule === COMMAND_FAILED;
}

const OWN_BY_TYPE: Readonly<Record<RefusedRequest["type"], Pick<Failure, "rule" | "reason">>> = {
  CIRCUIT_OPEN: {
    rule: OWN_REJECTED,
    reason: "A circuit breaker refused a request of the command.",
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

/** A session that was lost is no reason against another attempt, which opens one of its own. */
function ownFailure({ type }: RefusedRequest, said: Failure): Failure {
  const { rule } = OWN_BY_TYPE[type];
  const sessionLost = type === "SESSION_LOST";
  const fault = type === "CIRCUIT_OPEN" ? "cancelled" : sessionLost ? "engine" : "unknown";
  const retryAfterMs = said.rule === rule ? said.retryAfterMs : null;
  const told = { ...said, ...OWN_BY_TYPE[type], fault, retryAfterMs, sessionLost } as const;
  return { ...told, upstream: null, upstreamKind: null, transient: true, answered: false };
}

/**
 * Names the host where the words do not, as those of `http` never do in `logs` or with `--silent`: it is the
 * only one of that kind that the command's spans show to have failed.
 */
export function withSeenHost(failure: Failure, evidence: readonly Evidence[]): Failure {
  const { upstream, upstreamKind, counts } = failure;
  if (!counts || upstream !== null || upstreamKind === null) return failure;
  const failed = evidence.filter(
    ({ kind, outcome }) => kind === upstreamKind && outcome !== "answered",
  );
  const [host, ...others] = new Set(failed.map((seen) => seen.host));
  return host === undefined || others.length > 0 ? failure : { ...failure, upstream: host };
}

/** What only code outside of containers can have sent is believed without words. */
function failureBySpans(evidence: readonly Evidence[]): Failure | undefined {
  const seen = evidence.findLast(({ outcome, forgeable }) => outcome !== "answered" && !forgeable);
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
    reason: limited ? "The host limited the rate." : "The host did not answer as it should.",
  };
}
