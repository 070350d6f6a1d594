/**
 * Writes the report of a run to standard error, to files and to GitHub. If a write fails, the
 * failure is reported, but the exit code does not change.
 */

import { constants } from "node:fs";
import { appendFile, type FileHandle, open, stat, writeFile } from "node:fs/promises";
import { withoutCommands } from "../../attribution/ci-commands.js";
import { codeOf } from "../../files/error-code.js";
import type { OnProgress } from "../../runner/report/run-progress.js";
import type { RunReport } from "../../runner/report/run-report.js";
import { plainJson } from "../plain-text.js";
import type { Terminal } from "../terminal.js";
import { annotations, outputLines, stepOutputs, stepSummary } from "./github.js";
import { junitReport } from "./junit.js";
import { progressLine } from "./progress.js";
import { runJson } from "./report.js";
import { closingLine } from "./words.js";

/** The destinations of a run's report, and whether the closing line is printed. */
export interface Told {
  /** Whether standard error gets the JSON report instead of the closing line. */
  readonly json: boolean;
  /** Whether to omit the closing line after a success without notes. */
  readonly quiet?: boolean | undefined;
  /** The file for the JSON report; undefined for none. */
  readonly output: string | undefined;
  /** The file for the JUnit report; undefined for none. */
  readonly junit: string | undefined;
  /** The address of a dashboard, for links in GitHub. */
  readonly dashboard?: string | undefined;
}

/** Writes the report of a run. `program` is the base name of the command. */
export async function tellRun(
  report: RunReport,
  program: string,
  { json, quiet, output, junit, dashboard }: Told,
  { env, stderr }: Terminal,
): Promise<void> {
  const asJson = `${plainJson(runJson(report, program), 2)}\n`;
  const problems = [
    output !== undefined && (await written("the report", output, () => writeFile(output, asJson))),
    junit !== undefined &&
      (await written("the JUnit report", junit, () =>
        writeFile(junit, junitReport(report, program)),
      )),
    ...(isGitHub(env) ? await toldGitHub(report, program, dashboard, env) : []),
  ];
  const lines = [
    ...problems.filter((problem) => problem !== false).map(withoutCommands),
    ...report.warnings.map(({ text }) => withoutCommands(`dagger-breaker: ${text}`)),
    // GitHub executes these lines as commands. Texts of other programs in these lines are escaped,
    // so such a text cannot begin another command.
    ...(isGitHub(env) ? annotations(report, dashboard) : []),
  ];
  const isUntold = quiet === true && report.outcome === "succeeded" && lines.length === 0;
  const last = json ? asJson : isUntold ? "" : `${withoutCommands(closingLine(report))}\n`;
  stderr.write(lines.map((line) => `${line}\n`).join("") + last);
}

/** Returns a function that writes the progress between attempts to standard error. */
export function tellProgress({ stderr }: Terminal): OnProgress {
  return (progress) =>
    void stderr.write(`${withoutCommands(progressLine(progress, Date.now()))}\n`);
}

function isGitHub(env: Terminal["env"]): boolean {
  return env.GITHUB_ACTIONS === "true";
}

async function toldGitHub(
  report: RunReport,
  program: string,
  dashboard: string | undefined,
  env: Terminal["env"],
) {
  const { GITHUB_OUTPUT: outputs = "", GITHUB_STEP_SUMMARY: summary = "" } = env;
  return [
    outputs !== "" &&
      (await written("the outputs of the step", outputs, () =>
        appendFile(outputs, outputLines(stepOutputs(report))),
      )),
    summary !== "" &&
      (await written("the summary of the step", summary, () =>
        appendSummary(summary, stepSummary(report, program, dashboard)),
      )),
  ];
}

/** The maximum size of a step's summary. GitHub drops a larger summary completely. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

/**
 * Appends to the summary of the step. Skips a text that would make the summary too large, because
 * GitHub would then drop the whole summary.
 */
async function appendSummary(path: string, text: string): Promise<void> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size + Buffer.byteLength(text) > MAX_SUMMARY_BYTES) throw new SummaryFullError();
  await appendFile(path, text);
}

class SummaryFullError extends Error {
  readonly code = "it is larger than the 1 MiB that GitHub shows";
}

/** Runs `write`. Returns the message about a failed write; false after a success. */
async function written(
  what: string,
  path: string,
  write: () => Promise<void>,
): Promise<string | false> {
  let reader: FileHandle | undefined;
  try {
    reader = await readerOf(path);
    await write();
    return false;
  } catch (error) {
    const code = codeOf(error);
    return `dagger-breaker: ${what} cannot be written to ${JSON.stringify(path)} (${code})`;
  } finally {
    await reader?.close();
  }
}

/**
 * Opens a named pipe, and keeps it open until the report is written. The open is non-blocking,
 * because a blocking open would wait forever if no program reads the pipe.
 */
async function readerOf(path: string): Promise<FileHandle | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFIFO() !== true) return undefined;
  return open(path, constants.O_WRONLY | constants.O_NONBLOCK);
}
