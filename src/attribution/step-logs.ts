/** Tells in a log of many steps what the engine says, what commands print, and what decides. */

import { hasProgress, type ProgressLine, progressLines } from "./progress-lines.js";

/** A text parted into what the engine and its tools say, and what commands of a pipeline print. */
export interface PartedText {
  readonly said: string;
  readonly output: string;
}

// Steps that run a command of the pipeline, and steps that the engine, buildkit or the CLI do
// themselves.
const COMMAND_TITLE =
  /^(?:\[[^\]\n]{1,200}\] )?RUN |^(?:Container\.)?withExec\b|^exec (?!docker\b|podman\b|nerdctl\b|finch\b|container\b|git\b|buildctl\b)|^ERROR: process "/;
const OWN_TITLE =
  /^\[(?:internal|auth)\]|^(?:\[[^\]\n]{1,200}\] )?(?:FROM|ADD|COPY) |^(?:exporting|importing|pushing|pulling|resolve|resolving|load|sending|git|connect|starting|connecting|exec|moduleSource|http|remotes\.)\b|^ERROR: (?!process ")(?:failed to|unexpected|invalid response)/;

// Words of buildkit's own in the log of a step of which nothing else is known.
const OWN_LOG = /^\s{0,4}error: (?:failed to|no active session|unexpected status)/i;

/** A log parted by its steps. */
interface PartedLog extends PartedText {
  /** That part of the output whose steps tell nothing of themselves. */
  readonly unowned: string;
}

/** Parts a log into what is said and what steps print; lines lose their prefixes. */
export function splitStepOutput(text: string): PartedLog {
  if (!hasProgress(text)) return { said: text, output: "", unowned: "" };
  const lines = progressLines(text);
  const owners = ownersOf(lines);
  const said: string[] = [];
  const output: string[] = [];
  const unowned: string[] = [];
  for (const line of lines) {
    const printed = isOutput(line, owners);
    (printed ? output : said).push(line.text);
    if (printed && !owners.has(line.step ?? "")) unowned.push(line.text);
  }
  return { said: said.join("\n"), output: output.join("\n"), unowned: unowned.join("\n") };
}

type Owner = "command" | "engine";

function ownersOf(lines: readonly ProgressLine[]): ReadonlyMap<string, Owner> {
  const owners = new Map<string, Owner>();
  for (const { step, kind, text } of lines) {
    if (step === undefined || kind === "log" || owners.get(step) === "command") continue;
    if (COMMAND_TITLE.test(text)) owners.set(step, "command");
    else if (OWN_TITLE.test(text)) owners.set(step, "engine");
  }
  return owners;
}

function isOutput({ step, kind, text }: ProgressLine, owners: ReadonlyMap<string, Owner>): boolean {
  if (step === undefined || kind === "failed") return false;
  const owner = owners.get(step);
  if (kind === "title") return owner === "command" && COMMAND_TITLE.test(text);
  if (kind === "log") return owner === "command" || (owner === undefined && !OWN_LOG.test(text));
  return false;
}

// A progress line of `dagger --progress=plain`: a number, a colon, an indented tree.
const PLAIN_PROGRESS = /^ {0,8}[0-9]{1,6} {0,8}: /;
const FIRST_STEP = /^ {0,8}1 {0,8}: connect$/;
const NESTED_FIRST_STEP = /\] \| {0,9}1 {0,8}: connect$/m;
const OUTPUT_HEADER = /^(?:Stdout|Stderr):/;

/**
 * The block that a `dagger` command prints last: from its closing `Error:` to the end.
 *
 * What failed before it may have been tried again with success, so it decides. A line `Error:`
 * inside the quoted output of a step opens no block.
 */
export function closingBlock(text: string): string | undefined {
  if (!text.includes("Error: ") || quotesOutputFirst(text)) return undefined;
  const lines = text.split("\n");
  // A command that ran `dagger` itself quotes its log: there the first step begins no second run.
  const nested = NESTED_FIRST_STEP.test(text);
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
    }
  }
  return start >= 0 && sawProgress ? lines.slice(start).join("\n") : undefined;
}

/** Whether a text is the message of a command that failed, its output quoted, and no log of steps. */
function quotesOutputFirst(text: string): boolean {
  const { said, output } = splitOutput(text);
  return output !== "" && !hasProgress(said);
}

/** Whether a line is what a CI runner adds to every failed step: it says nothing of the cause. */
function isRunnerNote(line: string): boolean {
  return /^Error: (?:Process completed with exit code|The operation was canceled)/.test(line);
}

const EXECUTED = /^exec (.{1,2048}?) ERROR \[/;

/**
 * The log of the steps that failed with the words of the closing block, or that ran the program
 * whose failure the words tell: what they printed, and how they were called.
 */
export function failedStepLogs(text: string, block: string): string {
  const words = /^Error: ([^\n]{1,4096})/.exec(block)?.[1]?.trim();
  if (words === undefined) return "";
  const lines = progressLines(text);
  const steps = new Set<string>();
  for (const { step, kind, text: said } of lines) {
    if (step === undefined) continue;
    const program = kind === "title" ? EXECUTED.exec(said)?.[1] : undefined;
    const told =
      program === undefined
        ? kind === "failed" && said !== "" && words.endsWith(said)
        : words.includes(`[${program}]`);
    if (told) steps.add(step);
  }
  return lines
    .filter(({ step }) => step !== undefined && steps.has(step))
    .map((line) => line.text)
    .join("\n");
}

/** All that stands before the closing block of a log, without prefixes. */
export function logBefore(text: string, block: string): string {
  return progressLines(text.slice(0, text.length - block.length))
    .map((line) => line.text)
    .join("\n");
}

const QUOTED_OUTPUT = /(?:^|\n)[ \t]{0,32}(?:Stdout|Stderr):[ \t]{0,8}(?=\n|$)/;
const COMMAND_END = /exit code:? -?[0-9]|did not complete successfully/;

/** Splits off the output that a failed command's message quotes after `Stdout:` and `Stderr:`. */
export function splitOutput(text: string): PartedText {
  if (!text.includes("Stdout:") && !text.includes("Stderr:")) return { said: text, output: "" };
  const match = QUOTED_OUTPUT.exec(text);
  if (match === null || !COMMAND_END.test(text.slice(0, match.index))) {
    return { said: text, output: "" };
  }
  return { said: text.slice(0, match.index), output: text.slice(match.index) };
}
