/** Recognizes output of a `dagger` command in any text, by the structure of its lines. */

import { plainText } from "./reading/text.js";

// These patterns match lines that Dagger's front ends print. A group captures the name of the step. Another
// program may print a prefix such as `web-1 | ` before a line. With `--debug`, a span id precedes the name.
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

// Matches steps of the `dagger` command itself, such as `connect`. Each run begins with such steps.
const OWN_STEP =
  /^(?:connect|connecting to engine|starting (?:engine|session)|load(?:ing)? (?:workspace|module|type definitions)\b|parsing command line arguments|initialize)/;
// Matches a call as the engine prints it: `Container.from(address: "alpine"): Container!` or `hello: Hello!`.
const CALL = /^\.?[A-Za-z][\w.]*(?:\(.{0,300}\))?: \[?[A-Z]\w*!?\]?!?$/;
// Matches the closing message, which is the only output with `--silent`. For a failed pull, the message
// contains `(platform: "linux/amd64"): `. From 0.21 on, the message ends in `[traceparent:...]`.
const LAST_MESSAGE =
  /(?:^|\s)Error: .{0,2000}(?:"[^"\s]{1,400}" \(platform: "[a-z0-9]{1,16}\/[a-z0-9/]{1,32}"\): |\[traceparent:[0-9a-f]{32}-[0-9a-f]{16}\]$)/m;

/** The maximum number of characters read from each line. */
const MAX_LINE = 1000;
/** The minimum number of lines that must look like a front end's. A single line may look so by chance. */
const MIN_LINES = 2;

/**
 * Returns whether a text contains output of a `dagger` command, in any format.
 *
 * At least two lines must look like a front end's, and one of these lines must show a step or a call of
 * Dagger. Alternatively, the closing message must have the engine's form. A registry error that another
 * program quotes is not enough.
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
 * Returns the name of the step in a line. Returns an empty text for a front end's line without a step, and
 * undefined for any other line.
 */
function stepOf(line: string): string | undefined {
  if (DOTS.test(line) || ENGINE_LOG.test(line)) return "";
  const [, step] = PLAIN_STATE.exec(line) ?? REPORT_STATE.exec(line) ?? HEADING.exec(line) ?? [];
  return step;
}
