/** The report of a run for other programs, as `--json` prints it. */

import type { RunReport } from "../../runner/report/run-report.js";
import { closingLine, earlierCauses } from "./words.js";

/**
 * The object that `--json` prints. It adds the closing line, the program's name and earlier causes
 * to the runner's report.
 */
export interface RunJson extends RunReport {
  readonly summary: string;
  /** The base name of the command. Arguments are left out, because they may contain secrets. */
  readonly program: string;
  /** The causes of the attempts before the last one, in words. */
  readonly earlierCauses: readonly string[];
}

/** Creates the report. Times are rounded to milliseconds. */
export function runJson(report: RunReport, program: string): RunJson {
  return {
    summary: closingLine(report),
    program,
    earlierCauses: earlierCauses(report),
    ...report,
    durationMs: Math.round(report.durationMs),
    waitedMs: Math.round(report.waitedMs),
    avoidedMs: Math.round(report.avoidedMs),
    attempts: report.attempts.map((attempt) => ({
      ...attempt,
      durationMs: Math.round(attempt.durationMs),
    })),
  };
}
