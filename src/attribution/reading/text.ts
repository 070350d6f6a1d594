/** Prepares a text of any size for the rules: shortens it, and removes parts that do not show the cause. */

import { TELEMETRY_WORDS } from "./frames.js";

/** The number of characters read at each end of a text. */
export const TEXT_WINDOW = 64 * 1024;

/**
 * Returns the first and the last 64 Ki characters of a text. Returns a text of up to 128 Ki characters
 * unchanged.
 */
export function bothEnds(text: string): string {
  if (text.length <= 2 * TEXT_WINDOW) return text;
  return `${text.slice(0, TEXT_WINDOW)}\n${text.slice(-TEXT_WINDOW)}`;
}

const ESCAPE = "\u001b";
const BELL = "\u0007";
// Matches escape sequences of terminals and CI logs: colors, cursor moves, titles, links, Buildkite's times.
const ANSI = new RegExp(
  `${ESCAPE}(?:\\[[0-9;:?]{0,32}[A-Za-z]|[\\]_][^${BELL}${ESCAPE}\\n]{0,512}(?:${BELL}|${ESCAPE}\\\\))`,
  "g",
);
/**
 * Matches the number of lost spans, logs or metrics in messages of Java exporters. The lists of words contain
 * no numbers, so the number is removed.
 */
const EXPORT_COUNT = /(\bto export )[0-9]{1,9} (?=[a-z])/gi;
const TRACE_PARENT = /[ \t]?\[traceparent:[0-9a-f-]{0,64}\]/g;

// Matches an escaped quote, which occurs in logs and in nested JSON.
const ESCAPED_QUOTE = /\\{1,8}"/g;

// Matches prefixes that CI systems put before a line: a time stamp, and GitLab's stream id. At most one blank
// after the prefix is removed, because leading blanks mark a wrapped line.
const LINE_STAMP =
  /^\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?\]?(?: [0-9a-f]{2}[OE][ +]?| )?|^\[[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?\] /gm;
const RUNNER_MARK =
  /^(?:##\[(?:error|warning|debug|group|section)\]|::error(?: [^\n:]{0,200})?::)/gm;

// Matches a line that `dagger-breaker run` prints inside the wrapped command, because this line is not
// Dagger's. Does not match a line with a rejection, because the rejection occurs nowhere else in the text.
const OWN_LINE =
  /^.{0,200}?dagger-breaker(?:: |%3A )(?!.{0,1000}circuit (?:open|half-open|isolated): ).*$/gm;

// Matches a move of the cursor upward. The text after it replaces the text on the screen.
const CURSOR_UP = new RegExp(`${ESCAPE}\\[[0-9]{0,4}[AF]`, "g");

/**
 * Returns the last screen of a text that a terminal has repainted. Returns the whole text if nothing follows
 * the last repaint.
 */
function lastPicture(text: string): string {
  let start = 0;
  CURSOR_UP.lastIndex = 0;
  while (CURSOR_UP.exec(text) !== null) start = CURSOR_UP.lastIndex;
  if (start === 0) return text;
  const last = text.slice(start);
  return /\S/.test(last.replace(ANSI, "")) ? last : text;
}

/**
 * Removes parts without a meaning for rules, such as colors, time stamps, backslashes before quotes and trace
 * ids.
 */
export function plainText(text: string): string {
  let plain = text;
  if (plain.includes(ESCAPE)) plain = lastPicture(plain).replace(ANSI, "");
  if (plain.includes("\r")) plain = plain.replaceAll("\r\n", "\n").replaceAll("\r", "\n");
  if (mayHaveStamps(plain)) plain = plain.replace(LINE_STAMP, "");
  if (plain.includes("dagger-breaker")) plain = plain.replace(OWN_LINE, "");
  if (plain.includes("##[") || plain.includes("::error")) plain = plain.replace(RUNNER_MARK, "");
  if (plain.includes('\\"')) plain = plain.replace(ESCAPED_QUOTE, '"');
  if (plain.includes("[traceparent:")) plain = plain.replace(TRACE_PARENT, "");
  if (plain.includes("to export ")) plain = plain.replace(EXPORT_COUNT, "$1");
  return plain;
}

/** Returns whether a text may have time stamps. This check is cheaper than the pattern. */
function mayHaveStamps(text: string): boolean {
  return /^\[?[0-9]/.test(text) || text.includes("\n20") || text.includes("\n[");
}

/**
 * Joins lines that a terminal has wrapped, so that a host name in two parts is complete again.
 *
 * The rest of a wrapped line begins with two or more blanks, and has no sign such as `✘`.
 */
export function unwrapLines(text: string): string {
  if (!text.includes("\n  ")) return text;
  return text.replace(/-\n {2,64}(?=[\w])/g, "-").replace(/\n {2,64}(?=[\w"/:])/g, " ");
}

// Matches lines that do not show the cause. These are notes that a CI runner or a tool adds to every failure,
// and Dagger's logs below the level of a warning.
const NOISE =
  /^[0-9]{2}:[0-9]{2}:[0-9]{2} (?:trc|dbg|inf) |^\W{0,8}(?:full trace at|setup tracing at|view trace) |^\W{0,8}(?:error: )?(?:process completed with exit code|the operation was cancell?ed)|^exit status [0-9]$|^\W{0,8}(?:see 'docker run --help'|please visit https:\/\/)/i;

/** Matches messages about telemetry that could not be sent, from any exporter. */
const TELEMETRY = new RegExp(
  TELEMETRY_WORDS.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"),
  "i",
);
/**
 * Matches causes that exporters for Java and Python print. Such a cause explains only why the export failed.
 */
const EXPORTER_CAUSE =
  /^(?:Caused by: )?(?:(?:javax?|kotlin|okhttp3|okio|requests|urllib3|http|socket|ssl|grpc)\.[\w.$]{1,200}|(?:OS|Timeout|BrokenPipe|Connection(?:Refused|Reset|Aborted)?)Error)(?::|$)/;
/** Matches lines that continue the message of an exporter: its stack trace and the fields of its error. */
const GOES_ON =
  /^(?:\s{2,}|\t)\S|^[}\]]|^$|^Traceback \(most recent call last\)|^(?:During handling of|The above exception was) /;

/** Removes the lines that do not show the cause. If only such lines exist, returns the text unchanged. */
export function quietText(text: string): string {
  if (!text.includes("\n")) return text;
  const lines = text.split("\n");
  let inTelemetry = false;
  const kept = lines.filter((line) => {
    const head = line.slice(0, 400);
    inTelemetry =
      TELEMETRY.test(head) || (inTelemetry && (GOES_ON.test(head) || EXPORTER_CAUSE.test(head)));
    return !inTelemetry && !NOISE.test(head);
  });
  if (kept.length === lines.length) return text;
  return kept.some((line) => line.trim() !== "") ? kept.join("\n") : text;
}

const CANCELLED_LINE = /(?:context|operation was) cancell?ed[\s"'`)}\].]{0,8}$/i;

/** Removes the lines that end in a cancellation, such as `context canceled`. The result may be empty. */
export function withoutCancelled(text: string): string {
  return text
    .split("\n")
    .filter((line) => !CANCELLED_LINE.test(line.slice(-400)))
    .join("\n")
    .trim();
}
