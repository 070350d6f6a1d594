/** Tells what a command failed with: by its words, or where nobody read them by the engine's spans. */

import { classifyFailure } from "../attribution/classify-failure.js";
import type { Failure } from "../attribution/failure.js";
import type { Evidence } from "../attribution/spans/evidence.js";
import { SESSION_TOO_LATE } from "../guard/engine-fault.js";
import type { AttemptEnd } from "./supervised-command.js";

/** The exit code of dagger for all but a step of the user that failed. */
const DAGGER_FAILED = 1;

/**
 * What an attempt failed with; null when it did not, or when a limit of ours ended it that says
 * nothing of anybody.
 *
 * @param isOwn Whether the command is dagger itself. The exit code of a shell or of make may mean
 * whatever it likes.
 */
export function failureOf(
  end: Pick<AttemptEnd, "text" | "exitCode" | "timedOut" | "isUnread">,
  isOwn: boolean,
  evidence: readonly Evidence[],
): Failure | null {
  const { text, exitCode, timedOut, isUnread } = end;
  if (timedOut !== null) return timedOut === "connect" ? SESSION_TOO_LATE : null;
  if (exitCode === 0) return null;
  const said = classifyFailure(text, isOwn ? { source: "cli", exitCode } : {});
  const mayTell = isOwn && isUnread && exitCode === DAGGER_FAILED && !said.counts;
  return (mayTell ? failureBySpans(evidence) : undefined) ?? said;
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
