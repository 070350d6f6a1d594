/** Prepares text of any size and origin for the rules: cut, plain, and cut down to what decides. */

/** How much is read at each end of a text, in characters. */
export const TEXT_WINDOW = 64 * 1024;

/** The first and the last 64 KiB of a text; all of it when it is shorter than both together. */
export function bothEnds(text: string): string {
  if (text.length <= 2 * TEXT_WINDOW) return text;
  return `${text.slice(0, TEXT_WINDOW)}\n${text.slice(-TEXT_WINDOW)}`;
}

const ESCAPE = "\u001b";
// Colours and cursor moves, as terminals and CI logs have them.
const ANSI = new RegExp(`${ESCAPE}\\[[0-9;?]{0,16}[A-Za-z]`, "g");
const TRACE_PARENT = /[ \t]?\[traceparent:[0-9a-f-]{0,64}\]/g;

// Logs and JSON put these before a quote, several when they are nested.
const ESCAPED_QUOTE = /\\{1,8}"/g;

/** Takes away what carries no meaning: colours, carriage returns, escapes of quotes, trace ids. */
export function plainText(text: string): string {
  let plain = text;
  if (plain.includes(ESCAPE)) plain = plain.replace(ANSI, "");
  if (plain.includes("\r")) plain = plain.replaceAll("\r", "");
  if (plain.includes('\\"')) plain = plain.replace(ESCAPED_QUOTE, '"');
  if (plain.includes("[traceparent:")) plain = plain.replace(TRACE_PARENT, "");
  return plain;
}

// A progress line of `dagger --progress=plain`: a number, a colon, an indented tree.
const PLAIN_PROGRESS = /^ {0,8}[0-9]{1,6} {0,8}: /;
const FIRST_STEP = /^ {0,8}1 {0,8}: connect$/;
const OUTPUT_HEADER = /^(?:Stdout|Stderr):/;

/**
 * The block that a `dagger` command prints last: from its closing `Error:` to the end.
 *
 * What failed before it may have been tried again with success, so it decides. A line `Error:`
 * inside the quoted output of a step opens no block.
 */
export function closingBlock(text: string): string | undefined {
  if (!text.includes("Error: ")) return undefined;
  const lines = text.split("\n");
  let start = -1;
  let inOutput = false;
  let sawProgress = false;
  for (const [index, line] of lines.entries()) {
    if (line.startsWith("Error: ")) {
      if (!inOutput && !isRunnerNote(line)) start = index;
    } else if (PLAIN_PROGRESS.test(line)) {
      sawProgress = true;
      if (FIRST_STEP.test(line)) inOutput = false;
      if (!inOutput) start = -1;
    } else if (start >= 0 && OUTPUT_HEADER.test(line)) {
      inOutput = true;
    }
  }
  return start >= 0 && sawProgress ? lines.slice(start).join("\n") : undefined;
}

/** Whether a line is what a CI runner adds to every failed step: it says nothing of the cause. */
function isRunnerNote(line: string): boolean {
  return /^Error: (?:Process completed with exit code|The operation was canceled)/.test(line);
}

/**
 * Joins lines that a terminal has wrapped, so that a host name cut in two is whole again.
 *
 * A wrapped line begins with two blanks or more and no sign of its own.
 */
export function unwrapLines(text: string): string {
  if (!text.includes("\n  ")) return text;
  return text.replace(/-\n {2,64}(?=[\w])/g, "-").replace(/\n {2,64}(?=[\w"/:])/g, " ");
}

const TREE_SIGNS = /^[\s│┃┆█╰├▼▶∅✘✔○●◐─╭╯]+/;

/** A line without the tree that a terminal draws before it. */
function withoutTree(line: string): string {
  return line.replace(TREE_SIGNS, "");
}

// A line of a step's own output in a buildkit log: step number, seconds, text.
const STEP_OUTPUT =
  /^#[0-9]{1,6} [0-9]{1,9}\.[0-9]{1,6} (?!\s{0,4}(?:error|ERROR): (?:failed to|no active session|unexpected status))/;

/** Splits a buildkit log into what buildkit says and what the steps print. */
export function splitStepOutput(text: string): { readonly said: string; readonly output: string } {
  if (!text.includes("#")) return { said: text, output: "" };
  const said: string[] = [];
  const output: string[] = [];
  for (const line of text.split("\n")) (STEP_OUTPUT.test(line) ? output : said).push(line);
  return { said: said.join("\n"), output: output.join("\n") };
}

const QUOTED_OUTPUT = /(?:^|\n)[ \t]{0,32}(?:Stdout|Stderr):[ \t]{0,8}(?=\n|$)/;
const COMMAND_END = /exit code:? -?[0-9]|did not complete successfully/;

/** Splits off the output that a failed command's message quotes after `Stdout:` and `Stderr:`. */
export function splitOutput(text: string): { readonly said: string; readonly output: string } {
  const match = QUOTED_OUTPUT.exec(text);
  if (match === null || !COMMAND_END.test(text.slice(0, match.index))) {
    return { said: text, output: "" };
  }
  return { said: text.slice(0, match.index), output: text.slice(match.index) };
}

// What a CI runner or a tool adds to any failure, and telemetry that failed beside the work.
const NOISE =
  /failed to emit telemetry|^\W{0,8}(?:error: )?(?:process completed with exit code|the operation was cancell?ed)|^\W{0,8}(?:see 'docker run --help'|please visit https:\/\/)/i;

/** A text without the lines that say nothing of the cause, unless it has no others. */
export function quietText(text: string): string {
  if (!text.includes("\n")) return text;
  const lines = text.split("\n");
  const kept = lines.filter((line) => !NOISE.test(line.slice(0, 400)));
  if (kept.length === lines.length) return text;
  return kept.some((line) => line.trim() !== "") ? kept.join("\n") : text;
}

const STEP_LINE = /^ {0,8}([0-9]{1,6}) {0,8}: (.*)$/;

/**
 * The log of the steps that failed with the words of the closing block: what they printed, and
 * how they were called.
 */
export function stepsThatSay(text: string, block: string): string {
  const words = /^Error: ([^\n]{1,4096})/.exec(block)?.[1]?.trim();
  if (words === undefined) return "";
  const lines = text.split("\n").map((line) => STEP_LINE.exec(line));
  const steps = new Set<string>();
  for (const line of lines) {
    const said = line === null ? undefined : withoutTree(line[2] ?? "");
    if (line !== null && said?.startsWith("! ") && words.endsWith(said.slice(2).trim())) {
      steps.add(line[1] ?? "");
    }
  }
  return lines
    .filter((line) => line !== null && steps.has(line[1] ?? ""))
    .map((line) => withoutTree(line?.[2] ?? ""))
    .join("\n");
}
