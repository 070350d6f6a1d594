/** The report of a run for programs, as `--json` prints it. */

import type { RunReport } from "../../runner/report/run-report.js";
import { closingLine, earlierCauses } from "./words.js";

/** The report of the runner, with the closing line and the name of the program. */
export interface RunJson extends RunReport {
  readonly summary: string;
  /** The base name of the command alone: its arguments may hold secrets. */
  readonly program: string;
  /** Why each attempt before the last one failed, in words. */
  readonly earlierCauses: readonly string[];
}

/** Puts the report together; times are rounded to what says something. */
export function runJson(report: RunReport, program: string): RunJson {
  return {
    summary: closingLine(report),
    program,
    earlierCauses: earlierCauses(report),
    ...report,
    durationMs: Math.round(report.durationMs),
    waitedMs: Math.round(report.waitedMs),
    attempts: report.attempts.map((attempt) => ({
      ...attempt,
      durationMs: Math.round(attempt.durationMs),
    })),
  };
}
