/**
 * Finds the closing message of a failed `dagger` command. Only this message decides the classification,
 * whatever failed earlier in the log.
 */

import { hasSteps, hasTree, readLines, splitOutput } from "./steps.js";
import { HEAD_STEP, isDrawn } from "./tree.js";

// Matches a line of `dagger --progress=plain`, such as `9 : ┆ exec make`.
const PLAIN_PROGRESS = /^ {0,8}[0-9]{1,6} {0,8}: /;
const FIRST_STEP = /^ {0,8}1 {0,8}: connect$/;
const NESTED_FIRST_STEP = /\] \| {0,9}1 {0,8}: connect$/m;
const OUTPUT_HEADER = /^(?:Stdout|Stderr):/;

/**
 * Returns the closing message of a `dagger` command in a text with steps: the text from the last `Error:` to
 * the end. Without such an `Error:`, returns the reasons at the head of the report. Without such reasons,
 * returns undefined.
 *
 * Earlier failures do not matter, because a retry may have succeeded. An `Error:` inside the output of a step
 * does not count.
 */
export function closingBlock(text: string): string | undefined {
  if (quotesOutputFirst(text)) return undefined;
  return errorBlock(text) ?? headReasons(text);
}

function errorBlock(text: string): string | undefined {
  if (!text.includes("Error: ")) return undefined;
  const lines = text.split("\n");
  // A step that runs `dagger` prints a nested log, which has its own first step. In a text with a nested log,
  // a first step does not show that the outer command began a new run.
  const nested = NESTED_FIRST_STEP.test(text);
  const tree = hasTree(text);
  let start = -1;
  let inOutput = false;
  let sawProgress = false;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("Error: ")) {
      if (!inOutput && !isRunnerNote(line)) start = index;
    } else if (PLAIN_PROGRESS.test(line)) {
      sawProgress = true;
      if (!nested && FIRST_STEP.test(line)) inOutput = false;
      if (!inOutput) start = -1;
    } else if (start >= 0 && OUTPUT_HEADER.test(line)) {
      inOutput = true;
    } else if (tree && !inOutput && isDrawn(line)) {
      sawProgress = true;
      start = -1;
    }
  }
  return start >= 0 && sawProgress ? lines.slice(start).join("\n") : undefined;
}

const CLI_EXIT = /^exit code [0-9]{1,3}$/;

/** Returns the reasons at the head of a report, without the CLI's line `exit code N`. */
function headReasons(text: string): string | undefined {
  if (!hasTree(text)) return undefined;
  const reasons = readLines(text).filter(
    ({ step, kind, text: said }) => step === HEAD_STEP && kind === "failed" && !CLI_EXIT.test(said),
  );
  if (reasons.length === 0) return undefined;
  return reasons.map((line) => line.text).join("\n");
}

/**
 * Returns whether a text is only the message of one failed command, not a log. In such a text, steps can
 * occur only in the quoted output.
 */
function quotesOutputFirst(text: string): boolean {
  const { messages, output } = splitOutput(text);
  return output !== "" && !hasSteps(messages);
}

/**
 * Returns whether a line is a note that CI runners add to every failed step. Such a note does not show the
 * cause.
 */
function isRunnerNote(line: string): boolean {
  return /^Error: (?:Process completed with exit code|The operation was canceled)/.test(line);
}
