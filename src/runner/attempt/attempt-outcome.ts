/** Settles the permits of one attempt, and determines the attempt's failure. */

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

/** The facts about an attempt that has ended. */
export interface AttemptFacts {
  readonly end: AttemptEnd;
  /** The HTTP exchanges in the attempt's spans; undefined if spans were not read. */
  readonly exchanges: readonly Evidence[] | undefined;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /**
   * The last request that was rejected during the attempt, in any session of the command; null
   * without one.
   */
  readonly rejectedRequest?: RejectedRequest | null;
  /** Whether the command is the dagger CLI itself. */
  readonly isOwn: boolean;
  /** Whether spans of the command could reach this process. */
  readonly isTraced: boolean;
  readonly isInterrupted: boolean;
}

/** Settles the permits of an attempt. Returns the attempt's failure; null without a failure. */
export function settleAttempt(call: CommandCall, facts: AttemptFacts): RunFailure | null {
  const { end, exchanges, isOwn, isInterrupted } = facts;
  // A signal, or a failed write to our own stdout or stderr, can make the command fail. Its exit
  // code then proves nothing about an upstream.
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
 * Adds the host from dagger's command line if the output names no host. Adds nothing if the spans
 * contain a host of the same kind, such as a registry: then the engine asked that host.
 */
function withOwnHost(failure: Failure, { end, exchanges, isOwn, command }: AttemptFacts): Failure {
  const isSeen = exchanges?.some(({ kind }) => kind === failure.upstreamKind) === true;
  return !isOwn || isSeen ? failure : withCommandHost(failure, { command }, () => end.text);
}

/**
 * Returns where a failure in the output may count. Output of dagger itself counts in the shared
 * store. Output of a dagger inside another program counts only in this run. Any other output counts
 * only for upstreams in `--needs`.
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

/**
 * Returns the circuit that a failure concerns. For a host, the failure need not count there. For the engine,
 * returns null if the failure does not count.
 */
function circuitOf({ fault, counts, upstream, upstreamKind }: Failure): string | null {
  if (fault === ENGINE) return counts ? ENGINE : null;
  return upstream === null || upstreamKind === null ? null : breakerName(upstreamKind, upstream);
}

/**
 * Returns whether the attempt proves that an engine answered. The exit code 0 of `dagger` is a weak
 * proof, because `dagger version` succeeds without an engine. It is accepted only without traces,
 * since traces would show an engine that answered.
 */
function provesEngine({ end, exchanges, isOwn, isTraced }: AttemptFacts, kind: string | null) {
  if (end.connected || (exchanges?.length ?? 0) > 0) return true;
  return isOwn && (kind !== null || (end.exitCode === 0 && !isTraced));
}

/** Returns the breaker that must admit a retry; null if the failure concerns no breaker. */
export function breakerToAsk({ breaker, upstream, upstreamKind }: RunFailure): string | null {
  if (breaker !== null || upstream === null || upstreamKind === null) return breaker;
  return breakerName(upstreamKind, upstream);
}
