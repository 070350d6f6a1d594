/**
 * Determines the failure of a command from its output, or from the engine's spans if the output was
 * not read.
 */

import { classifyFailure } from "../../attribution/classify/classify-failure.js";
import { COMMAND_FAILED, type Failure } from "../../attribution/failure.js";
import { OWN_REJECTED, OWN_SESSION_LOST, OWN_TIMED_OUT } from "../../attribution/rules/own.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { SESSION_TOO_LATE } from "../../guard/judgement/engine-fault.js";
import type { RefusedRequest, RunLimit } from "../run-plan.js";
import type { AttemptEnd } from "./supervised-command.js";

/**
 * The rule for an engine that reports its own end. A signal to its client does not cause that
 * message.
 */
const ENGINE_ENDS = "session.shutting-down";
/** The exit code of dagger for all failures except that of a user's step. */
const DAGGER_FAILED = 1;

/**
 * Returns the failure of an attempt; null if it succeeded, or if a limit ended it without a sign of
 * a failing upstream.
 *
 * @param isOwn Whether the command is dagger itself. The exit code of a shell or of make may mean
 * anything.
 * @param refused The last request of its sessions that was rejected. It decides before the output,
 * because an SDK, a program or a test runner may have wrapped the error in any way.
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
 * Returns the failure of a command that a limit ended. It may have hung because of the failure, as
 * dagger does when its engine dies.
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
  // Dagger 1.0 prints only at its end, and then also the errors that our signal caused.
  const after = classifyFailure(withoutCancellation(text), context);
  const isOurs = after.fault === "engine" && after.rule !== ENGINE_ENDS;
  if (after.counts && !isOurs) return after;
  return limit === "session"
    ? ownFailure({ type: "SESSION_LOST", circuit: "engine" }, before)
    : null;
}

/** Removes lines about the cancellation that we caused. */
function withoutCancellation(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/\bcontext cancell?ed\b/i.test(line))
    .join("\n");
}

/**
 * Returns whether the output shows another failure beside the rejection, such as one of its own
 * commands.
 */
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

/**
 * Returns the failure for a rejected request. A lost session does not rule out a retry, which
 * opens its own session.
 */
function ownFailure({ type }: RefusedRequest, said: Failure): Failure {
  const { rule } = OWN_BY_TYPE[type];
  const sessionLost = type === "SESSION_LOST";
  const fault = type === "CIRCUIT_OPEN" ? "cancelled" : sessionLost ? "engine" : "unknown";
  const retryAfterMs = said.rule === rule ? said.retryAfterMs : null;
  const told = { ...said, ...OWN_BY_TYPE[type], fault, retryAfterMs, sessionLost } as const;
  return { ...told, upstream: null, upstreamKind: null, transient: true, answered: false };
}

/**
 * Adds the host if the output names none, as with `http` in `logs` or with `--silent`. It is the
 * only failed host of that kind in the command's spans.
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

/**
 * Returns the failure from spans that only code outside of containers can have sent. They count
 * without any output.
 */
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
