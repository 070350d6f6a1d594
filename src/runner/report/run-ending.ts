/** The ends of a run. */

import { CommandNotStartedError, exitCodeOf } from "../attempt/run-command.js";
import type { AttemptEnd } from "../attempt/supervised-command.js";
import { RunInterruptedError } from "../signals/run-signals.js";
import { rejectionReport } from "./rejection-report.js";
import type { RejectionReport, RunReport } from "./run-report.js";

/** Our own exit codes; otherwise the command's is used. */
export const EXIT = { notWritten: 74, rejected: 75, timedOut: 124 } as const;

/** The end of a run before it is put into a report. */
export type Ending = Pick<RunReport, "outcome" | "exitCode" | "signal"> & {
  readonly rejection?: RejectionReport;
};

/** Returns the end of a run from that of its last attempt. */
export function ended(outcome: RunReport["outcome"], { exitCode, signal }: AttemptEnd): Ending {
  return { outcome, exitCode, signal };
}

/** Returns whether an attempt succeeded and all its output was passed on. */
export function isSuccess({ timedOut, exitCode, isCut }: AttemptEnd): boolean {
  return timedOut === null && exitCode === 0 && !isCut;
}

/**
 * Returns the end after a signal. A command may end well while its output was dropped.
 *
 * @param translated The signal that was passed on as SIGINT. An end by SIGINT then counts as an end
 * by this signal.
 */
export function interrupted(
  end: AttemptEnd,
  signal: NodeJS.Signals,
  translated: NodeJS.Signals | undefined,
): Ending {
  const isForced = end.signal !== null && end.signal !== "SIGINT";
  return end.exitCode === 0 || (translated !== undefined && !isForced)
    ? { outcome: "interrupted", exitCode: exitCodeOf(signal), signal }
    : ended("interrupted", end);
}

/** Returns the end of a run whose attempt could not start. Rethrows internal errors. */
export function endingBy(error: unknown): Ending {
  if (error instanceof RunInterruptedError) {
    const { signal } = error;
    return { outcome: "interrupted", exitCode: exitCodeOf(signal), signal };
  }
  if (error instanceof CommandNotStartedError) {
    return { outcome: "not-started", exitCode: error.exitCode, signal: null };
  }
  const rejection = rejectionReport(error);
  if (rejection === undefined) throw error;
  return { outcome: "rejected", exitCode: EXIT.rejected, signal: null, rejection };
}

/** Returns the end for a command that failed and is not retried. */
export function unsuccessful(end: AttemptEnd): Ending {
  return end.timedOut === null
    ? ended("failed", end)
    : ended("timed-out", { ...end, exitCode: EXIT.timedOut });
}
