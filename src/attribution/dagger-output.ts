/** Recognizes the output of a Dagger command in any text, by its structure. */

import { plainText } from "./reading/text.js";

// Lines that Dagger's front ends print. The group, if there is one, captures the name of the step. Another
// program may put a prefix such as `web-1 | ` before them. With `--debug`, a span id comes before the name.
const SPAN_ID = "(?:[0-9a-f]{16}:? )?";
const PLAIN_STATE = new RegExp(
  `(?:^|\\s)[0-9]{1,6} {0,8}: ${SPAN_ID}[┆│ ]{0,200}(.{1,400}?) (?:DONE|ERROR|CACHED|CANCELED)(?: \\[[0-9hms.]{1,12}\\])?\\s{0,8}$`,
);
const REPORT_STATE = new RegExp(
  `(?:^|[\\s╰╴├─│┃])[✔✘$∅⣾⣽⣻⢿⡿⣟⣯⣷○●] ${SPAN_ID}(.{1,400}?) [0-9hm]{0,12}[0-9]\\.[0-9]s(?: (?:ERROR|CACHED|CANCELED))?\\s{0,8}$`,
);
const HEADING = /(?:^|\s)▼ (.{1,400})$/;
const DOTS = /(?:^|\s)▶ [.X]{3,}\s{0,8}$/;
const ENGINE_LOG = /(?:^|\s)[0-9]{2}:[0-9]{2}:[0-9]{2} (?:DBG|INF|WRN|ERR) .{1,400}? [\w.-]{1,64}=/;

// Steps of the `dagger` command itself, such as `connect`. Each run begins with them.
const OWN_STEP =
  /^(?:connect|connecting to engine|starting (?:engine|session)|load(?:ing)? (?:workspace|module|type definitions)\b|parsing command line arguments|initialize)/;
// A call as the engine prints it: `Container.from(address: "alpine"): Container!` or `hello: Hello!`.
const CALL = /^\.?[A-Za-z][\w.]*(?:\(.{0,300}\))?: \[?[A-Z]\w*!?\]?!?$/;
// The last message, which is all that `--silent` prints. For a failed pull it contains `(platform:
// "linux/amd64"): `. From 0.21 on it ends in `[traceparent:...]`.
const LAST_MESSAGE =
  /(?:^|\s)Error: .{0,2000}(?:"[^"\s]{1,400}" \(platform: "[a-z0-9]{1,16}\/[a-z0-9/]{1,32}"\): |\[traceparent:[0-9a-f]{32}-[0-9a-f]{16}\]$)/m;

/** The number of characters read of each line. */
const MAX_LINE = 1000;
/** The fewest lines that must look like a front end's: a single one may be chance. */
const MIN_LINES = 2;

/**
 * Returns whether a text contains the output of a `dagger` command, in any format.
 *
 * Either two lines must look like a front end's, one of them with a step or a call of Dagger, or the last
 * message must have the engine's form. An error of a registry quoted by another program is not enough.
 */
export function hasDaggerOutput(text: string): boolean {
  return LAST_MESSAGE.test(text) || hasProgressOfDagger(plainText(text));
}

function hasProgressOfDagger(plain: string): boolean {
  let lines = 0;
  let isDagger = false;
  for (const line of plain.split("\n")) {
    const step = stepOf(line.slice(0, MAX_LINE));
    if (step === undefined) continue;
    lines += 1;
    isDagger ||= OWN_STEP.test(step) || CALL.test(step);
    if (isDagger && lines >= MIN_LINES) return true;
  }
  return false;
}

/**
 * Returns the name of the step in a line: empty for a line without a step, undefined if no front end
 * printed it.
 */
function stepOf(line: string): string | undefined {
  if (DOTS.test(line) || ENGINE_LOG.test(line)) return "";
  const [, step] = PLAIN_STATE.exec(line) ?? REPORT_STATE.exec(line) ?? HEADING.exec(line) ?? [];
  return step;
}
