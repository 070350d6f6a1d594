/** The ways in which a run ends. */

import { CommandNotStartedError, exitCodeOf } from "../attempt/run-command.js";
import type { AttemptEnd } from "../attempt/supervised-command.js";
import { RunInterruptedError } from "../signals/run-signals.js";
import { rejectionReport } from "./rejection-report.js";
import type { RejectionReport, RunReport } from "./run-report.js";

/** Exit codes of our own; else it is the command's. */
export const EXIT = { notWritten: 74, rejected: 75, timedOut: 124 } as const;

/** How a run ended, before it is put into a report. */
export type Ending = Pick<RunReport, "outcome" | "exitCode" | "signal"> & {
  readonly rejection?: RejectionReport;
};

/** The end of a run by that of its last attempt. */
export function ended(outcome: RunReport["outcome"], { exitCode, signal }: AttemptEnd): Ending {
  return { outcome, exitCode, signal };
}

/** Whether an attempt did what it should, and all that it wrote was passed on. */
export function isSuccess({ timedOut, exitCode, isCut }: AttemptEnd): boolean {
  return timedOut === null && exitCode === 0 && !isCut;
}

/**
 * A command may end well after a signal, while its output was dropped because of it.
 *
 * @param translated The signal in whose place it got SIGINT: what it ends with then is the end by that.
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

/** The end of a run by what kept an attempt from being made; throws what is a mistake of ours. */
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

/** A command that has not succeeded, and is not to be run again. */
export function unsuccessful(end: AttemptEnd): Ending {
  return end.timedOut === null
    ? ended("failed", end)
    : ended("timed-out", { ...end, exitCode: EXIT.timedOut });
}
