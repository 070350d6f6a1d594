/**
 * Reads the lines of Dagger's front ends that draw a tree: `report`, the last screen of a terminal, `dots`
 * and `logs`.
 *
 * Each step begins with its title. The output of the step and the reason for its failure follow.
 */

import type { LogLine, StepState } from "./line.js";
import { type Owner, ownerOf } from "./titles.js";
import { BRANCHES, STATE_SIGNS } from "./tree-signs.js";

const DURATION =
  "(?:[0-9]{1,3}h)?(?:[0-9]{1,2}m)?[0-9]{1,6}(?:\\.[0-9]{1,3})?m?s(?: [A-Z]{2,12})?(?: [|█░].{0,64})?";
/** Matches a title, such as "✘ .build: Directory! 3.1s ERROR" or "▶ ✔ connect 0.0s". */
const TITLE = new RegExp(
  `^[${BRANCHES}]{0,256}(?:[▼▶] )?([${STATE_SIGNS}▼▶])[ ](.{0,4096} )?${DURATION}$`,
);
/** Matches a title whose arguments are on the following lines, such as "✘ .build(". */
const OPEN_TITLE = new RegExp(`^[${BRANCHES}]{0,256}(?:[▼▶] )?([${STATE_SIGNS}])[ ].{1,512}\\($`);
const IN_OPEN_TITLE = new RegExp(`^[${BRANCHES}]{0,256}(?:┆|\\))|^[ ]{2,64}\\w{1,64}: `);
/** Matches a path to the step that follows, such as "┇ load module › git(url: "...") › ". */
const PATH = new RegExp(`^[${BRANCHES}]{0,256}┇ `);
/** Matches a title in `dots` and `logs`. These formats do not show how a step ends. */
const HEADER = /^▼ (?=\S)/;
/** Matches the line of `dots` that has one sign for each finished step, such as "▶ ..X.". */
const DOTS = /^▶ [.A-Z]{1,4096}$/;
/** Matches the first line of a report in 1.0. The command and the reason for its failure follow. */
const TRACE_HEAD = /^(?:TRACE|CHECKS)\b[^\n]{0,128}[✘✔] /;
const REASON = new RegExp(`^[${BRANCHES}]{0,256}! (.*)$`);
const LOG = new RegExp(`^[${BRANCHES}]{0,256}[┃█] ?(.*)$`);
const INDENTED = new RegExp(`^[${BRANCHES}]{2,256}\\S`);
const BLANK = new RegExp(`^[${BRANCHES}]{0,256}$`);
const CACHED_OR_PASSED = / CACHED$| OK$/;

/**
 * The name of the step that stands for the head of a report. The reasons in the head decide the
 * classification.
 */
export const HEAD_STEP = "head";

/** Matches the first sign of a line in a tree of steps. This cheap check rules out most texts. */
export const TREE_SIGN = /^[^\S\n]{0,64}[▼▶✔✘∅$○●├╰│TC]/m;

/** Matches a line of a tree of steps. A text without a match has no tree. */
export const TREE_STEP = new RegExp(
  `^(?:${HEADER.source}|${DOTS.source}|${TRACE_HEAD.source}|[${BRANCHES}]{0,256}(?:[▼▶] )?[✔✘∅$○●] (?:.{0,4096} )?${DURATION}$)`,
  "m",
);

/** Returns whether a line is part of the drawn tree, not output of a step. */
export function isDrawn(line: string): boolean {
  return (
    TITLE.test(line) ||
    OPEN_TITLE.test(line) ||
    HEADER.test(line) ||
    DOTS.test(line) ||
    REASON.test(line) ||
    PATH.test(line) ||
    TRACE_HEAD.test(line)
  );
}

/** The part of a step to which the current line belongs. */
type Part = "open-title" | "printing" | "reason" | "head";

/** Reads the lines of a log in order, and remembers the current step. */
export class TreeSteps {
  #count = 0;
  #step: string | undefined;
  #part: Part = "printing";
  #owner: Owner | undefined;
  /** The last path line, which belongs to the title that follows. */
  #path: string | undefined;

  /**
   * Whether the next line is inside the output of a command. Such output can look like anything, even like a
   * step.
   */
  get isInCommand(): boolean {
    return this.#step !== undefined && this.#owner === "command" && this.#part !== "reason";
  }

  /** Ends the current step, because a line of another front end follows. */
  end(): void {
    this.#step = undefined;
    this.#path = undefined;
  }

  read(line: string): LogLine {
    return this.#drawn(line) ?? this.#plain(line);
  }

  #drawn(line: string): LogLine | undefined {
    if (TRACE_HEAD.test(line)) return this.#begin(line, "head", undefined, HEAD_STEP);
    const title = TITLE.exec(line);
    if (title !== null) return this.#begin(line, "printing", stateOf(title[1], line));
    const open = OPEN_TITLE.exec(line);
    if (open !== null) return this.#begin(line, "open-title", stateOf(open[1], line));
    if (DOTS.test(line)) {
      this.end();
      return { step: undefined, kind: "other", text: "" };
    }
    if (HEADER.test(line)) return this.#begin(line, "printing", undefined);
    if (PATH.test(line)) {
      this.#path = line;
      return { step: undefined, kind: "other", text: "" };
    }
    const reason = REASON.exec(line);
    if (reason !== null && this.#step !== undefined) {
      this.#part = "reason";
      return { step: this.#step, kind: "failed", text: reason[1] ?? "", state: "failed" };
    }
    const log = LOG.exec(line);
    return log === null ? undefined : { step: this.#step, kind: "log", text: log[1] ?? "" };
  }

  /** Reads a line without a sign. Such a line belongs to the current part of the step. */
  #plain(line: string): LogLine {
    const step = this.#step;
    if (step === undefined) return { step, kind: "other", text: line };
    switch (this.#part) {
      case "open-title":
        if (IN_OPEN_TITLE.test(line)) return { step, kind: "title", text: line.trim() };
        break;
      case "head":
        if (!BLANK.test(line)) return { step, kind: "title", text: line };
        this.end();
        return { step: undefined, kind: "other", text: line };
      case "reason":
        if (INDENTED.test(line) || BLANK.test(line)) return { step, kind: "failed", text: line };
        this.end();
        return { step: undefined, kind: "other", text: line };
      default:
    }
    this.#part = "printing";
    // Only commands print blank lines. So a blank line ends a step that does not run a command.
    if (this.#owner !== "command" && BLANK.test(line)) this.end();
    return { step, kind: "log", text: line };
  }

  #begin(line: string, part: Part, state: StepState | undefined, name?: string): LogLine {
    this.#count += 1;
    const step = name ?? `tree ${this.#count}`;
    this.#step = step;
    this.#part = part;
    const text = line.replace(SIGNS_BEFORE, "").replace(STEP_ID, "");
    this.#owner = ownerOf(text);
    const way = this.#path;
    this.#path = undefined;
    return { step, kind: "title", text: way === undefined ? text : `${text}\n${way}`, state };
  }
}

/** Matches the span id that `--debug` prints before a title. */
const STEP_ID = /^[0-9a-f]{16} /;
const SIGNS_BEFORE = new RegExp(`^[${BRANCHES}${STATE_SIGNS}▼▶]{1,512}`);

function stateOf(sign: string | undefined, line: string): StepState | undefined {
  if (sign === "✔" || sign === "$" || CACHED_OR_PASSED.test(line)) return "passed";
  return sign === "✘" || / ERROR$/.test(line) ? "failed" : undefined;
}
