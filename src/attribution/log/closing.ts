/** Finds what a `dagger` command says last of its failure: it decides, whatever failed before it. */

import { hasNumberedSteps } from "./numbered.js";
import { hasSteps, readLines, splitOutput } from "./steps.js";
import { HEAD_STEP, hasTree, isDrawn } from "./tree.js";

// A progress line of `dagger --progress=plain`: a number, a colon, an indented tree.
const PLAIN_PROGRESS = /^ {0,8}[0-9]{1,6} {0,8}: /;
const FIRST_STEP = /^ {0,8}1 {0,8}: connect$/;
const NESTED_FIRST_STEP = /\] \| {0,9}1 {0,8}: connect$/m;
const OUTPUT_HEADER = /^(?:Stdout|Stderr):/;

/**
 * The block that a `dagger` command prints last: from its closing `Error:` to the end, else the reasons
 * at the head of its report.
 *
 * What failed before it may have been tried again with success, so it decides. A line `Error:`
 * inside the output of a step, quoted or not, opens no block.
 */
export function closingBlock(text: string): string | undefined {
  if (!hasSteps(text) || quotesOutputFirst(text)) return undefined;
  return errorBlock(text) ?? headReasons(text);
}

function errorBlock(text: string): string | undefined {
  if (!text.includes("Error: ")) return undefined;
  const lines = text.split("\n");
  // A command that ran `dagger` itself quotes its log: there the first step begins no second run.
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

/** Why the command failed, by the head of a report; how the CLI ended is no reason. */
function headReasons(text: string): string | undefined {
  if (!hasTree(text)) return undefined;
  const reasons = readLines(text).filter(
    ({ step, kind, text: said }) => step === HEAD_STEP && kind === "failed" && !CLI_EXIT.test(said),
  );
  if (reasons.length === 0) return undefined;
  return reasons.map((line) => line.text).join("\n");
}

/** Whether a text is the message of a command that failed, its output quoted, and no log of steps. */
function quotesOutputFirst(text: string): boolean {
  const { said, output } = splitOutput(text);
  return output !== "" && !hasNumberedSteps(said) && !hasTree(said);
}

/** Whether a line is what a CI runner adds to every failed step: it says nothing of the cause. */
function isRunnerNote(line: string): boolean {
  return /^Error: (?:Process completed with exit code|The operation was canceled)/.test(line);
}
