/** What one attempt came to: settles its call, and tells whether another one may work. */

import { withCommandHost } from "../../attribution/command-line/with-command-host.js";
import type { Failure } from "../../attribution/failure.js";
import { hasDaggerOutput } from "../../attribution/front-ends.js";
import { breakerName } from "../../attribution/hosts.js";
import { rejectionInWords } from "../../attribution/reading/own-words.js";
import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { ENGINE } from "../../guard/guard-options.js";
import type { WordsReach } from "../../guard/judgement/facts.js";
import type { RunFailure } from "../report/run-report.js";
import type { RefusedRequest } from "../run-plan.js";
import type { CommandCall, CountedIn } from "./command-call.js";
import { failureOf, withSeenHost } from "./command-failure.js";
import type { AttemptEnd } from "./supervised-command.js";

/** Faults that do not go away by themselves. */
const LASTING: ReadonlySet<string> = new Set(["user", "cancelled"]);

/** What is known of an attempt that has ended. */
export interface AttemptFacts {
  readonly end: AttemptEnd;
  /** What its spans prove; undefined without spans. */
  readonly evidence: readonly Evidence[] | undefined;
  /** The command with its arguments. */
  readonly command: readonly string[];
  /** The last request of its sessions that we refused; null when there was none. */
  readonly refused?: RefusedRequest | null;
  /** Whether the command is dagger itself. */
  readonly isOwn: boolean;
  /** Whether its spans could be seen. */
  readonly isTraced: boolean;
  readonly isInterrupted: boolean;
}

/** Settles the call of an attempt. Returns what it failed with; null when it did not. */
export function settleAttempt(call: CommandCall, facts: AttemptFacts): RunFailure | null {
  const { end, evidence, isOwn, isInterrupted } = facts;
  // Without a reader that takes its output a command ends in ways that say nothing of anybody.
  if (isInterrupted || end.outputError !== null) {
    call.ignored();
    return null;
  }
  const refused = facts.refused ?? null;
  const said = failureOf(end, isOwn, evidence ?? [], refused);
  const failure = said && withOwnHost(said, facts);
  if (end.timedOut === "connect") {
    call.notConnected();
    return failure && reported(failure, { breaker: ENGINE, couldShare: false });
  }
  if (end.timedOut !== null && failure?.counts !== true) {
    call.timedOut(evidence ?? []);
    return failure && reported(failure, null);
  }
  const counted = call.ended({
    failure,
    evidence,
    provesEngine: provesEngine(facts, failure?.upstreamKind ?? null),
    wordsReach: reachOf(isOwn, end.text, failure),
    inferred: failure === said ? null : failure && circuitOf(failure),
  });
  if (failure?.rule !== OWN_REJECTED) {
    return failure && reported(withSeenHost(failure, evidence ?? []), counted);
  }
  const circuit = refused?.circuit ?? rejectionInWords(end.text)?.circuit ?? null;
  return { ...reported(failure, counted), circuit };
}

/**
 * Names the host by the command line of dagger where neither words nor spans name it. Spans of that kind show
 * whom the engine asked, which a command line does not.
 */
function withOwnHost(failure: Failure, { end, evidence, isOwn, command }: AttemptFacts): Failure {
  const isSeen = evidence?.some(({ kind }) => kind === failure.upstreamKind) === true;
  return !isOwn || isSeen ? failure : withCommandHost(failure, { command }, () => end.text);
}

/** How far the words of an attempt count: those of dagger itself for all, those of its front end here. */
function reachOf(isOwn: boolean, text: string, failure: Failure | null): WordsReach {
  if (isOwn) return "store";
  return failure?.counts === true && hasDaggerOutput(text) ? "run" : "needs";
}

function reported(failure: Failure, counted: CountedIn | null): RunFailure {
  const breaker = counted?.breaker ?? null;
  const circuit = breaker ?? circuitOf(failure);
  return { ...failure, breaker, circuit, couldShare: counted?.couldShare ?? false };
}

/** The circuit that a failure concerns, whether it counts there or not. */
function circuitOf({ fault, counts, upstream, upstreamKind }: Failure): string | null {
  if (fault === ENGINE) return counts ? ENGINE : null;
  return upstream === null || upstreamKind === null ? null : breakerName(upstreamKind, upstream);
}

/**
 * Whether an engine has worked for the command. `dagger version` asks none, and what a wrong flag
 * ends has asked none either. Without any traces, the success of dagger has to do.
 */
function provesEngine({ end, evidence, isOwn, isTraced }: AttemptFacts, kind: string | null) {
  if (end.connected || (evidence?.length ?? 0) > 0) return true;
  return isOwn && (kind !== null || (end.exitCode === 0 && !isTraced));
}

/** Whether an attempt that has not succeeded may well do so when it is made again. */
export function mayPass({ timedOut, isCut }: AttemptEnd, failure: RunFailure | null): boolean {
  // Our own reader was too slow, which a further attempt does not change.
  if (isCut) return false;
  if (timedOut !== null || failure?.rule === OWN_REJECTED) return true;
  return failure?.transient === true && !LASTING.has(failure.fault);
}

/** The breaker that a further attempt has to ask as well; null when there is none. */
export function breakerToAsk({ breaker, upstream, upstreamKind }: RunFailure): string | null {
  if (breaker !== null || upstream === null || upstreamKind === null) return breaker;
  return breakerName(upstreamKind, upstream);
}
