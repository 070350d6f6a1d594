/**
 * Keeps `--idle-timeout` from ending a command while its steps still print output. Returns a note
 * if that is impossible.
 */

import { isatty } from "node:tty";
import type { Note } from "../../runner/report/run-report.js";
import { hearStepOutput, type StepOutput } from "../../runner/step-output.js";
import type { TracesChoice } from "../guard-settings.js";
import type { Terminal } from "../terminal.js";

/**
 * The receiver of the output of a command's steps. If the receiver is missing, a note may explain
 * why.
 */
export interface IdlenessWatch {
  /**
   * The receiver of the logs of steps. Undefined without an idle limit, or if no logs can be
   * received.
   */
  readonly steps: StepOutput | undefined;
  readonly notes: readonly Note[];
}

/** Starts to receive the output of steps, if an idle limit is set. */
export async function watchIdleness(
  idleTimeoutMs: number | undefined,
  traces: TracesChoice,
  isDagger: boolean,
  env: Terminal["env"],
): Promise<IdlenessWatch> {
  if (idleTimeoutMs === undefined) return { steps: undefined, notes: [] };
  const steps = traces === "off" ? undefined : await hearStepOutput(env);
  const why = traces === "off" ? "--traces is off" : steps?.offReason;
  const isBlind = isDagger && why !== undefined && ![1, 2].some((stream) => isatty(stream));
  return { steps, notes: isBlind ? [blindNote(why)] : [] };
}

function blindNote(why: string): Note {
  const text = `--idle-timeout cannot be kept for Dagger 1.0 (${why}): without a terminal it prints nothing until its end, so the limit holds from the first output on.`;
  return { code: "idle-limit-not-kept", text };
}
