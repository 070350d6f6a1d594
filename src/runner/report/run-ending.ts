/** Determines how a run ended, and its exit code. */

import { CommandNotStartedError, exitCodeOf } from "../attempt/run-command.js";
import type { AttemptEnd } from "../attempt/supervised-command.js";
import { RunInterruptedError } from "../signals/run-signals.js";
import { rejectionReport } from "./rejection-report.js";
import type { RejectionReport, RunReport } from "./run-report.js";

/**
 * The exit codes of this program itself. In all other cases, the run ends with the command's exit
 * code.
 */
export const EXIT = { notWritten: 74, rejected: 75, timedOut: 124 } as const;

/** The fields of the report that show how a run ended. */
export type RunEnding = Pick<RunReport, "outcome" | "exitCode" | "signal"> & {
  readonly rejection?: RejectionReport;
};

/** Returns how a run ended, with the exit code and signal of its last attempt. */
export function ended(outcome: RunReport["outcome"], { exitCode, signal }: AttemptEnd): RunEnding {
  return { outcome, exitCode, signal };
}

/** Returns whether an attempt succeeded and all its output was passed on. */
export function isSuccess({ timedOut, exitCode, isCut }: AttemptEnd): boolean {
  return timedOut === null && exitCode === 0 && !isCut;
}

/**
 * Returns how a run ended after a signal. The exit code 0 of an unsuccessful command is replaced by
 * the signal's exit code.
 *
 * @param translated The signal, such as SIGTERM, for which the command got SIGINT instead. If
 * SIGINT then ended the command, the report contains the original signal.
 */
export function interrupted(
  end: AttemptEnd,
  signal: NodeJS.Signals,
  translated: NodeJS.Signals | undefined,
): RunEnding {
  const isForced = end.signal !== null && end.signal !== "SIGINT";
  return end.exitCode === 0 || (translated !== undefined && !isForced)
    ? { outcome: "interrupted", exitCode: exitCodeOf(signal), signal }
    : ended("interrupted", end);
}

/**
 * Returns how a run ended when its next attempt could not start. Rethrows unexpected errors.
 *
 * @param maxWaitMs How long the run may wait for circuits; null if it does not wait.
 */
export function endingBy(error: unknown, maxWaitMs: number | null): RunEnding {
  if (error instanceof RunInterruptedError) {
    const { signal } = error;
    return { outcome: "interrupted", exitCode: exitCodeOf(signal), signal };
  }
  if (error instanceof CommandNotStartedError) {
    return { outcome: "not-started", exitCode: error.exitCode, signal: null };
  }
  const rejection = rejectionReport(error, maxWaitMs);
  if (rejection === undefined) throw error;
  return { outcome: "rejected", exitCode: EXIT.rejected, signal: null, rejection };
}

/** Returns how a run ended when its command failed and is not retried. */
export function unsuccessful(end: AttemptEnd): RunEnding {
  return end.timedOut === null
    ? ended("failed", end)
    : ended("timed-out", { ...end, exitCode: EXIT.timedOut });
}
