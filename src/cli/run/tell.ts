/**
 * Writes the report of a run to standard error, files and GitHub. A failed write is reported, but
 * does not change the exit code.
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

/** Where a run's report goes, and whether the closing line is printed. */
export interface Told {
  /** Whether standard error gets the JSON report in place of the closing line. */
  readonly json: boolean;
  /** Whether to omit the closing line after a success without notes. */
  readonly quiet?: boolean | undefined;
  /** A file for the JSON report. */
  readonly output: string | undefined;
  /** A file for the JUnit report. */
  readonly junit: string | undefined;
  /** The address of a dashboard, for GitHub. */
  readonly dashboard?: string | undefined;
}

/** Reports a run. `program` is the base name of its command. */
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
    // GitHub executes these lines as commands. Text of other programs in them is escaped, so it
    // cannot begin another command.
    ...(isGitHub(env) ? annotations(report, dashboard) : []),
  ];
  const isUntold = quiet === true && report.outcome === "succeeded" && lines.length === 0;
  const last = json ? asJson : isUntold ? "" : `${withoutCommands(closingLine(report))}\n`;
  stderr.write(lines.map((line) => `${line}\n`).join("") + last);
}

/** Writes the progress between attempts to standard error. */
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

/** GitHub drops the whole summary of a step if its file is larger. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

/** Appends to the summary. Skips it rather than lose what the step has already written. */
async function appendSummary(path: string, text: string): Promise<void> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size + Buffer.byteLength(text) > MAX_SUMMARY_BYTES) throw new SummaryFullError();
  await appendFile(path, text);
}

class SummaryFullError extends Error {
  readonly code = "it is larger than the 1 MiB that GitHub shows";
}

/** Writes and reports an error. Returns false on success. */
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
 * Opens a named pipe, and holds it open until the report is written. Uses a non-blocking open,
 * because a blocking one would wait forever if no program reads the pipe.
 */
async function readerOf(path: string): Promise<FileHandle | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFIFO() !== true) return undefined;
  return open(path, constants.O_WRONLY | constants.O_NONBLOCK);
}
