/** Settles the call of one attempt. */

import { withCommandHost } from "../../attribution/command-line/with-command-host.js";
import { hasDaggerOutput } from "../../attribution/dagger-output.js";
import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import { rejectionInWords } from "../../attribution/reading/own-words.js";
import { OWN_REJECTED } from "../../attribution/rules/own.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { ENGINE } from "../../guard/engine-name.js";
import type { WordsReach } from "../../guard/judgement/facts.js";
import type { RejectedRequest } from "../run-plan.js";
import type { CommandCall, CountedIn } from "./command-call.js";
import { failureOf, withSeenHost } from "./command-failure.js";
import type { RunFailure } from "./run-failure.js";
import type { AttemptEnd } from "./supervised-command.js";

/** The facts of an attempt that has ended. */
export interface AttemptFacts {
  readonly end: AttemptEnd;
  /** The HTTP exchanges seen in the attempt's spans; undefined without spans. */
  readonly exchanges: readonly Evidence[] | undefined;
  /** The command with its arguments. */
  readonly command: readonly string[];
  /** The last request of the command's sessions that we rejected; null if none was. */
  readonly rejectedRequest?: RejectedRequest | null;
  /** Whether the command is dagger itself. */
  readonly isOwn: boolean;
  /** Whether spans of the command could be received. */
  readonly isTraced: boolean;
  readonly isInterrupted: boolean;
}

/** Settles the call of an attempt. Returns the attempt's failure; null if it succeeded. */
export function settleAttempt(call: CommandCall, facts: AttemptFacts): RunFailure | null {
  const { end, exchanges, isOwn, isInterrupted } = facts;
  // If our output could not be written, the command may have failed for that reason alone, so its
  // exit code proves nothing.
  if (isInterrupted || end.outputError !== null) {
    call.ignored();
    return null;
  }
  const rejectedRequest = facts.rejectedRequest ?? null;
  const classified = failureOf(end, isOwn, exchanges ?? [], rejectedRequest);
  const failure = classified && withOwnHost(classified, facts);
  if (end.timedOut === "connect") {
    call.notConnected();
    return failure && reported(failure, { breaker: ENGINE, couldShare: false });
  }
  if (end.timedOut !== null && failure?.counts !== true) {
    call.timedOut(exchanges ?? []);
    return failure && reported(failure, null);
  }
  const counted = call.ended({
    failure,
    exchanges,
    provesEngine: provesEngine(facts, failure?.upstreamKind ?? null),
    wordsReach: reachOf(isOwn, end.text, failure),
    inferred: failure === classified ? null : failure && circuitOf(failure),
  });
  if (failure?.rule !== OWN_REJECTED) {
    return failure && reported(withSeenHost(failure, exchanges ?? []), counted);
  }
  const circuit = rejectedRequest?.circuit ?? rejectionInWords(end.text)?.circuit ?? null;
  return { ...reported(failure, counted), circuit };
}

/**
 * Adds the host from dagger's command line if neither output nor spans name one. If spans show any
 * host of the failure's kind (for example a registry), the engine asked that one, so the command
 * line is not used.
 */
function withOwnHost(failure: Failure, { end, exchanges, isOwn, command }: AttemptFacts): Failure {
  const isSeen = exchanges?.some(({ kind }) => kind === failure.upstreamKind) === true;
  return !isOwn || isSeen ? failure : withCommandHost(failure, { command }, () => end.text);
}

/**
 * Returns which circuits the output may count in. Output of dagger itself counts in the shared
 * store, dagger's output inside another program's counts in this run, and any other output only for
 * upstreams given by `--needs`.
 */
function reachOf(isOwn: boolean, text: string, failure: Failure | null): WordsReach {
  if (isOwn) return "store";
  return failure?.counts === true && hasDaggerOutput(text) ? "run" : "needs";
}

function reported(failure: Failure, counted: CountedIn | null): RunFailure {
  const breaker = counted?.breaker ?? null;
  const circuit = breaker ?? circuitOf(failure);
  return { ...failure, breaker, circuit, couldShare: counted?.couldShare ?? false };
}

/** Returns the circuit of a failure, even if it did not count there. */
function circuitOf({ fault, counts, upstream, upstreamKind }: Failure): string | null {
  if (fault === ENGINE) return counts ? ENGINE : null;
  return upstream === null || upstreamKind === null ? null : breakerName(upstreamKind, upstream);
}

/**
 * Returns whether an engine answered the command. `dagger version` and a wrong flag need no engine.
 * If traces are not received, a successful `dagger` counts as proof.
 */
function provesEngine({ end, exchanges, isOwn, isTraced }: AttemptFacts, kind: string | null) {
  if (end.connected || (exchanges?.length ?? 0) > 0) return true;
  return isOwn && (kind !== null || (end.exitCode === 0 && !isTraced));
}

/** Returns the breaker that a retry must ask too; null if none exists. */
export function breakerToAsk({ breaker, upstream, upstreamKind }: RunFailure): string | null {
  if (breaker !== null || upstream === null || upstreamKind === null) return breaker;
  return breakerName(upstreamKind, upstream);
}
