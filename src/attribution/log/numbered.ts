/** Reads the lines of front ends that number their steps: `dagger --progress=plain` and buildkit. */

import type { LogLine, StepState } from "./line.js";
import { withoutTree } from "./tree-signs.js";

// Lines of `dagger --progress=plain`: "9   : ┆ [0.1s] | text", "9   : ┆ ! why", "9   : ┆ exec docker ERROR
// [0.1s]".
const DAGGER_LINE = /^ {0,8}([0-9]{1,6}) {0,8}: (.*)$/;
const DAGGER_LOG = /^\[[0-9hms.]{1,12}\] \| ?/;
const DAGGER_END = / (DONE|CACHED|ERROR|CANCELED) \[[0-9hms.]{1,12}\]$/;
// Lines of buildkit: "#9 0.412 text", "#9 ERROR: why", "#9 [2/5] RUN make", "#9 DONE 1.2s", "#9 CACHED".
const BUILDKIT_LINE = /^#([0-9]{1,6}) (?:([0-9]{1,9}\.[0-9]{1,6}) )?(.*)$/;
const BUILDKIT_FAILED = /^(?:ERROR|CANCELED)\b/;
const BUILDKIT_PASSED = /^(?:DONE [0-9.]{1,12}s|CACHED)$/;
// Lines of the excerpt at the end of a buildkit log: "------", " > [2/5] RUN make:", "0.412 text", "------".
const EXCERPT_EDGE = /^-{4,8}$/;
const EXCERPT_TITLE = /^ > (.{1,2048}):$/;
const EXCERPT_LOG = /^[0-9]{1,9}\.[0-9]{1,6} /;

/** Matches the start of a line with a numbered step. A text without a match has no numbered steps. */
export const NUMBERED_STEP = /^(?: {0,8}[0-9]{1,6} {0,8}: |#[0-9]{1,6} )/m;

/**
 * Reads the lines of a log in order. `read` returns undefined for a line that does not belong to a numbered
 * step.
 */
export class NumberedSteps {
  #excerpt: string | undefined;

  read(line: string): LogLine | undefined {
    if (EXCERPT_EDGE.test(line)) {
      this.#excerpt = undefined;
      return { step: undefined, kind: "other", text: line };
    }
    const title = EXCERPT_TITLE.exec(line)?.[1];
    if (title !== undefined) {
      this.#excerpt = `> ${title}`;
      return { step: this.#excerpt, kind: "title", text: title };
    }
    if (this.#excerpt !== undefined && EXCERPT_LOG.test(line)) {
      return { step: this.#excerpt, kind: "log", text: line.replace(EXCERPT_LOG, "") };
    }
    return daggerLine(line) ?? buildkitLine(line);
  }
}

function daggerLine(line: string): LogLine | undefined {
  const match = DAGGER_LINE.exec(line);
  if (match === null) return undefined;
  const step = match[1] ?? "";
  const said = withoutTree(match[2] ?? "");
  if (said.startsWith("! ")) return { step, kind: "failed", text: said.slice(2).trim() };
  const log = DAGGER_LOG.exec(said)?.[0];
  if (log !== undefined) return { step, kind: "log", text: said.slice(log.length) };
  return { step, kind: "title", text: said, state: stateOf(DAGGER_END.exec(said)?.[1]) };
}

function stateOf(word: string | undefined): StepState | undefined {
  if (word === undefined) return undefined;
  return word === "DONE" || word === "CACHED" ? "passed" : "failed";
}

function buildkitLine(line: string): LogLine | undefined {
  const match = BUILDKIT_LINE.exec(line);
  if (match === null) return undefined;
  const [, number, seconds, text = ""] = match;
  const step = `#${number}`;
  if (seconds !== undefined) return { step, kind: "log", text };
  if (BUILDKIT_FAILED.test(text)) return { step, kind: "failed", text, state: "failed" };
  const state = BUILDKIT_PASSED.test(text) ? "passed" : undefined;
  return { step, kind: "title", text, state };
}
