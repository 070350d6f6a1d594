/** The report of a run for programs, as `--json` prints it. */

import type { RunReport } from "../../runner/report/run-report.js";
import { closingLine, earlierCauses } from "./words.js";

/**
 * The report that `--json` prints: the runner's report, the closing line and the program's name.
 */
export interface RunJson extends RunReport {
  readonly summary: string;
  /** The base name of the command. Its arguments are left out, because they may hold secrets. */
  readonly program: string;
  /** The causes of the attempts before the last one, in words. */
  readonly earlierCauses: readonly string[];
}

/** Creates the report, with rounded times. */
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
