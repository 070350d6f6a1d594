/** Takes off what progress printers put before a line, and tells whose words the line holds. */

/** What a line of a log is. */
export interface ProgressLine {
  /** The step it belongs to; undefined when it stands outside of all steps. */
  readonly step: string | undefined;
  /** `"log"`: printed by the step; `"failed"`: why it failed; `"title"`: its name or state. */
  readonly kind: "log" | "failed" | "title" | "other";
  /** The line without its prefix. */
  readonly text: string;
}

// `dagger --progress=plain`: "9   : ┆ [0.1s] | text", "9   : ┆ ! why", "9   : ┆ exec docker ERROR [0.1s]".
const DAGGER_LINE = /^ {0,8}([0-9]{1,6}) {0,8}: (.*)$/;
const DAGGER_LOG = /^\[[0-9hms.]{1,12}\] \| ?/;
// buildkit: "#9 0.412 text", "#9 ERROR: why", "#9 [2/5] RUN make".
const BUILDKIT_LINE = /^#([0-9]{1,6}) (?:([0-9]{1,9}\.[0-9]{1,6}) )?(.*)$/;
const BUILDKIT_FAILED = /^(?:ERROR|CANCELED)\b/;
// The excerpt at the end of a buildkit log: "------", " > [2/5] RUN make:", "0.412 text", "------".
const EXCERPT_EDGE = /^-{4,8}$/;
const EXCERPT_TITLE = /^ > (.{1,2048}):$/;
const EXCERPT_LOG = /^[0-9]{1,9}\.[0-9]{1,6} /;
const TREE_SIGNS = /^[\s│┃┆█╰├▼▶∅✘✔○●◐─╭╯]+/;

/** A line without the tree that a terminal draws before it. */
export function withoutTree(line: string): string {
  return line.replace(TREE_SIGNS, "");
}

/** Whether a text may have lines with a prefix at all. */
export function hasProgress(text: string): boolean {
  return /^(?: {0,8}[0-9]{1,6} {0,8}: |#[0-9]{1,6} )/m.test(text);
}

/** The lines of a text, each with its step. */
export function progressLines(text: string): ProgressLine[] {
  let excerpt: string | undefined;
  return text.split("\n").map((line) => {
    if (EXCERPT_EDGE.test(line)) {
      excerpt = undefined;
      return { step: undefined, kind: "other", text: line };
    }
    const title = EXCERPT_TITLE.exec(line)?.[1];
    if (title !== undefined) {
      excerpt = `> ${title}`;
      return { step: excerpt, kind: "title", text: title };
    }
    if (excerpt !== undefined && EXCERPT_LOG.test(line)) {
      return { step: excerpt, kind: "log", text: line.replace(EXCERPT_LOG, "") };
    }
    return daggerLine(line) ?? buildkitLine(line) ?? { step: undefined, kind: "other", text: line };
  });
}

function daggerLine(line: string): ProgressLine | undefined {
  const match = DAGGER_LINE.exec(line);
  if (match === null) return undefined;
  const step = match[1] ?? "";
  const said = withoutTree(match[2] ?? "");
  if (said.startsWith("! ")) return { step, kind: "failed", text: said.slice(2).trim() };
  const log = DAGGER_LOG.exec(said)?.[0];
  return log === undefined
    ? { step, kind: "title", text: said }
    : { step, kind: "log", text: said.slice(log.length) };
}

function buildkitLine(line: string): ProgressLine | undefined {
  const match = BUILDKIT_LINE.exec(line);
  if (match === null) return undefined;
  const [, number, seconds, text = ""] = match;
  const step = `#${number}`;
  if (seconds !== undefined) return { step, kind: "log", text };
  return { step, kind: BUILDKIT_FAILED.test(text) ? "failed" : "title", text };
}
