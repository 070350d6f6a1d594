/** Decides how the run of a session ended. A store counts such results. Does no I/O. */

import type { Failure } from "../../attribution/failure.js";
import { breakerName } from "../../attribution/hosts.js";
import type { FailedRun } from "../../fleet/client/run-teller.js";
import type { RunRecord, RunResult } from "../../fleet/rules/run-report.js";
import { sharedName } from "../../guard/admission/shared-upstreams.js";
import { ENGINE } from "../../guard/engine-name.js";
import type { OpenProblem, QueryRejection } from "../../proxy/sessions/session-progress.js";
import type { StandInEnd } from "../../proxy/stand-in/stand-in.js";

/** The facts about a session that has ended. */
export interface SessionFacts {
  /** The end of the stand-in; undefined if a circuit rejected the session. */
  readonly end: StandInEnd | undefined;
  /** The problem that no later request has overcome; undefined without one. */
  readonly openProblem: OpenProblem | undefined;
  /** Whether requests were running at the end of the session, or when the first signal arrived. */
  readonly isBusy: boolean;
  /** The start and the duration of the session, on the clock of `performance`. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly waitedMs: number;
  readonly avoidedMs: number;
}

/** The result of a session, and the component at fault. */
interface Ending {
  readonly result: RunResult;
  readonly fault: string | null;
}

const SUCCESS: Ending = { result: "success", fault: null };
const FAILURE: Ending = { result: "failure", fault: null };
const CANCELED: Ending = { result: "cancellation", fault: null };
const UNKNOWN: Ending = { result: "error", fault: null };
/** Our own exit codes for a real CLI that cannot be run. */
const NOT_RUN: ReadonlySet<number> = new Set([126, 127]);

/** Returns the result of a session in the form that a store counts. */
export function sessionRun(facts: SessionFacts): RunRecord {
  const { durationMs, waitedMs, avoidedMs } = facts;
  return { ...endingOf(facts), durationMs, waitedMs, avoidedMs };
}

/**
 * Returns how a session ended. A client closes our input or sends SIGTERM after a success and after
 * a failure alike. So the last requests of the client decide.
 */
function endingOf({ end, openProblem, isBusy }: SessionFacts): Ending {
  if (end === undefined) return { result: "skip", fault: null };
  const { exitCode, signal, opened } = end;
  // The TypeScript SDK closes its session with SIGTERM.
  const isClosed = opened && !isBusy && (signal === undefined || signal === "SIGTERM");
  if (signal !== undefined && !isClosed) return CANCELED;
  if (openProblem !== undefined) return endingBy(openProblem);
  if (!opened) return exitCode === 0 ? CANCELED : NOT_RUN.has(exitCode) ? FAILURE : UNKNOWN;
  if (!isClosed) return CANCELED;
  return exitCode === 0 || signal !== undefined ? SUCCESS : UNKNOWN;
}

function endingBy({ problem }: OpenProblem): Ending {
  if (problem.kind === "abandoned") return CANCELED;
  return problem.kind === "rejected"
    ? endingByRejection(problem.rejection)
    : endingByFailure(problem.failure);
}

function endingByRejection({ type, circuit }: QueryRejection): Ending {
  if (type === "TIMED_OUT") return { result: "timeout", fault: null };
  return { result: "error", fault: circuit.split(":", 1)[0] ?? null };
}

function endingByFailure({ fault }: Failure): Ending {
  if (fault === "user") return FAILURE;
  if (fault === "cancelled") return CANCELED;
  return { result: "error", fault: fault === "unknown" ? null : fault };
}

/**
 * Returns the shared circuit whose failure ended the session; undefined if no such failure ended
 * it.
 */
export function failedSession(
  facts: SessionFacts,
  engineHost: string | undefined,
): FailedRun | undefined {
  const { openProblem, startMs } = facts;
  if (openProblem?.problem.kind !== "failed" || endingOf(facts).result !== "error")
    return undefined;
  const name = circuitOf(openProblem.problem.failure);
  const circuit = name === undefined ? undefined : sharedName(name, engineHost);
  return circuit === undefined ? undefined : { circuit, afterMs: openProblem.atMs - startMs };
}

function circuitOf({ fault, counts, upstream, upstreamKind }: Failure): string | undefined {
  if (!counts) return undefined;
  if (fault === ENGINE) return ENGINE;
  return upstream === null || upstreamKind === null
    ? undefined
    : breakerName(upstreamKind, upstream);
}
