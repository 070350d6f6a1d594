/** Separates the engine's messages from the output of the pipeline's commands in a log. */

import type { LogLine, StepState } from "./line.js";
import { NUMBERED_STEP, NumberedSteps } from "./numbered.js";
import { type Owner, ownerOf, withoutArguments } from "./titles.js";
import { TREE_SIGN, TREE_STEP, TreeSteps } from "./tree.js";

/** A text in two parts: messages of the engine and its tools, and output of commands. */
export interface PartedText {
  readonly messages: string;
  readonly output: string;
}

// Matches messages of buildkit itself, for steps whose title does not show who prints the log.
const OWN_LOG = /^\s{0,4}error: (?:failed to|no active session|unexpected status)/i;

/** Returns whether a text was printed by a front end that shows steps. */
export function hasSteps(text: string): boolean {
  return NUMBERED_STEP.test(text) || hasTree(text);
}

/** Returns whether a text was printed by a front end that draws a tree of steps. */
export function hasTree(text: string): boolean {
  return TREE_SIGN.test(text) && TREE_STEP.test(text);
}

/** Returns the lines of a text, each with its step. */
export function readLines(text: string): LogLine[] {
  const numbered = NUMBERED_STEP.test(text) ? new NumberedSteps() : undefined;
  const tree = hasTree(text) ? new TreeSteps() : undefined;
  return text.split("\n").map((line) => {
    // Inside the output of a command, a line that looks like a numbered step is still output.
    const other = tree?.isInCommand === true ? undefined : numbered?.read(line);
    if (other !== undefined && other.step !== undefined) tree?.end();
    return other ?? tree?.read(line) ?? { step: undefined, kind: "other", text: line };
  });
}

/** A text in two parts. Lines of unknown origin are in `output` and also in `unowned`. */
interface PartedLog extends PartedText {
  /** The lines of `output` from steps that do not show whether a command or the engine prints the log. */
  readonly unowned: string;
}

/** Separates messages from the output of steps. Leaves out the output of steps that passed. */
export function splitStepOutput(text: string): PartedLog {
  const lines = readLines(text);
  const steps = stepsOf(lines);
  const said: string[] = [];
  const output: string[] = [];
  const unowned: string[] = [];
  for (const [index, line] of lines.entries()) {
    const step = line.step === undefined ? undefined : steps.get(line.step);
    switch (speakerOf(line, index, step)) {
      case "engine":
        said.push(line.kind === "title" ? withoutArguments(line.text) : line.text);
        break;
      case "command":
        output.push(line.text);
        if (step?.owner === undefined) unowned.push(line.text);
        break;
      default:
    }
  }
  return { messages: said.join("\n"), output: output.join("\n"), unowned: unowned.join("\n") };
}

/** The facts about a step, collected from all its lines. */
interface Step {
  owner: Owner | undefined;
  state: StepState | undefined;
  /** The index of the last line with a reason for the failure; -1 if no line has a reason. */
  reasonAt: number;
}

function stepsOf(lines: readonly LogLine[]): ReadonlyMap<string, Step> {
  const steps = new Map<string, Step>();
  for (const [index, { step: name, kind, text, state }] of lines.entries()) {
    if (name === undefined) continue;
    let step = steps.get(name);
    if (step === undefined) {
      step = { owner: undefined, state: undefined, reasonAt: -1 };
      steps.set(name, step);
    }
    if (kind === "failed") {
      step.state = "failed";
      if (state === "failed") step.reasonAt = index;
    } else if (state !== undefined && step.state !== "failed") step.state = state;
    if (kind !== "log" && step.owner !== "command") step.owner = ownerOf(text) ?? step.owner;
  }
  return steps;
}

/**
 * Returns who printed a line. Returns undefined for a line that does not matter, such as output of a step
 * that passed.
 */
function speakerOf(line: LogLine, index: number, step: Step | undefined): Owner | undefined {
  if (step === undefined) return "engine";
  const isCommand = step.owner === "command";
  switch (line.kind) {
    case "failed":
      // A command can print lines that look like a reason. Only the last such line is Dagger's own reason.
      return isCommand && index < step.reasonAt ? "command" : "engine";
    case "title":
      if (step.state === "passed") return undefined;
      if (!isCommand) return "engine";
      return ownerOf(line.text) === "command" ? "command" : undefined;
    case "log":
      if (step.state === "passed") return undefined;
      if (isCommand) return "command";
      return step.owner === undefined && !OWN_LOG.test(line.text) ? "command" : "engine";
    default:
      return "engine";
  }
}

const EXECUTED = /^exec (.{1,2048}?) ERROR \[/;

/**
 * Returns the titles and output of the steps that caused the closing message. These steps failed with the
 * same reason, or ran the program that the message names.
 */
export function failedStepLogs(text: string, block: string): string {
  const words = /^Error: ([^\n]{1,4096})/.exec(block)?.[1]?.trim() ?? lastLine(block);
  if (words === "") return "";
  const lines = readLines(text);
  const steps = new Set<string>();
  // Failed steps whose titles come directly before the current line. If the current line contains the reason,
  // these steps failed for the same reason but do not print it.
  let around: string[] = [];
  for (const { step, kind, text: said, state } of lines) {
    if (step === undefined || kind === "log") {
      around = [];
      continue;
    }
    if (kind === "title") {
      if (state === "failed") around.push(step);
      const program = EXECUTED.exec(said)?.[1];
      if (program !== undefined && words.includes(`[${program}]`)) steps.add(step);
    } else if (said !== "" && words.endsWith(said)) {
      for (const one of [...around, step]) steps.add(one);
      around = [];
    } else around = [];
  }
  return lines
    .filter(({ step }) => step !== undefined && steps.has(step))
    .map((line) => (line.kind === "title" ? withoutArguments(line.text) : line.text))
    .join("\n");
}

function lastLine(block: string): string {
  const trimmed = block.trimEnd();
  return trimmed.slice(trimmed.lastIndexOf("\n") + 1).trim();
}

/** Returns the log before the closing message, without the prefixes of its lines. */
export function logBefore(text: string, block: string): string {
  const end = text.lastIndexOf(block);
  return readLines(end < 0 ? text : text.slice(0, end))
    .map((line) => (line.kind === "title" ? withoutArguments(line.text) : line.text))
    .join("\n");
}

const QUOTED_OUTPUT = /(?:^|\n)[ \t]{0,32}(?:Stdout|Stderr):[ \t]{0,8}(?=\n|$)/;
const COMMAND_END = /exit code:? -?[0-9]|did not complete successfully/;

/**
 * Separates a message from the output of a failed command. The message quotes this output after `Stdout:` or
 * `Stderr:`.
 */
export function splitOutput(text: string): PartedText {
  if (!text.includes("Stdout:") && !text.includes("Stderr:")) return { messages: text, output: "" };
  const match = QUOTED_OUTPUT.exec(text);
  if (match === null || !COMMAND_END.test(text.slice(0, match.index))) {
    return { messages: text, output: "" };
  }
  return { messages: text.slice(0, match.index), output: text.slice(match.index) };
}
