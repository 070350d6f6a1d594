/** Prepares text of any size and origin for the rules: cut, plain, without what says nothing. */

import { TELEMETRY_WORDS } from "./frames.js";

/** How much is read at each end of a text, in characters. */
export const TEXT_WINDOW = 64 * 1024;

/** The first and the last 64 KiB of a text; all of it when it is shorter than both together. */
export function bothEnds(text: string): string {
  if (text.length <= 2 * TEXT_WINDOW) return text;
  return `${text.slice(0, TEXT_WINDOW)}\n${text.slice(-TEXT_WINDOW)}`;
}

const ESCAPE = "\u001b";
const BELL = "\u0007";
// Colours and cursor moves, as terminals and CI logs have them; titles, links and Buildkite's times.
const ANSI = new RegExp(
  `${ESCAPE}(?:\\[[0-9;:?]{0,32}[A-Za-z]|[\\]_][^${BELL}${ESCAPE}\\n]{0,512}(?:${BELL}|${ESCAPE}\\\\))`,
  "g",
);
/** Java's exporters name how many spans, logs or metrics they lost, where others name none. */
const EXPORT_COUNT = /(\bto export )[0-9]{1,9} (?=[a-z])/gi;
const TRACE_PARENT = /[ \t]?\[traceparent:[0-9a-f-]{0,64}\]/g;

// Logs and JSON put these before a quote, several when they are nested.
const ESCAPED_QUOTE = /\\{1,8}"/g;

// What CI systems put before each line: a time, GitLab's stream, GitHub's and Azure's marks. No more
// than one blank goes with it: by its blanks a wrapped line is known.
const LINE_STAMP =
  /^\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?\]?(?: [0-9a-f]{2}[OE][ +]?| )?|^\[[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?\] /gm;
const RUNNER_MARK =
  /^(?:##\[(?:error|warning|debug|group|section)\]|::error(?: [^\n:]{0,200})?::)/gm;

// What `dagger-breaker run` says of a command within the command: an opinion, and no words of Dagger. A
// circuit that rejected it is the one thing that stands nowhere else.
const OWN_LINE =
  /^.{0,200}?dagger-breaker(?:: |%3A )(?!.{0,1000}circuit (?:open|half-open|isolated): ).*$/gm;

// The cursor goes up: what follows is painted over what stood there.
const CURSOR_UP = new RegExp(`${ESCAPE}\\[[0-9]{0,4}[AF]`, "g");

/** What a terminal shows at last of a text that repaints itself; all of it where nothing follows. */
function lastPicture(text: string): string {
  let start = 0;
  CURSOR_UP.lastIndex = 0;
  while (CURSOR_UP.exec(text) !== null) start = CURSOR_UP.lastIndex;
  if (start === 0) return text;
  const last = text.slice(start);
  return /\S/.test(last.replace(ANSI, "")) ? last : text;
}

/** Takes away what carries no meaning: colours, stamps, escapes of quotes, trace ids. */
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

/** A cheap look before the dear one. */
function mayHaveStamps(text: string): boolean {
  return /^\[?[0-9]/.test(text) || text.includes("\n20") || text.includes("\n[");
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

// What a CI runner, a tool or `go run` adds to any failure, and what dagger logs for its developers.
const NOISE =
  /^[0-9]{2}:[0-9]{2}:[0-9]{2} (?:trc|dbg|inf) |^\W{0,8}(?:full trace at|setup tracing at|view trace) |^\W{0,8}(?:error: )?(?:process completed with exit code|the operation was cancell?ed)|^exit status [0-9]$|^\W{0,8}(?:see 'docker run --help'|please visit https:\/\/)/i;

/** Telemetry that failed beside the work, whoever exported it. */
const TELEMETRY = new RegExp(
  TELEMETRY_WORDS.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"),
  "i",
);
/** What exporters of Java and Python are made of: the causes in their stacks are those of the exporter. */
const EXPORTER_CAUSE =
  /^(?:Caused by: )?(?:(?:javax?|kotlin|okhttp3|okio|requests|urllib3|http|socket|ssl|grpc)\.[\w.$]{1,200}|(?:OS|Timeout|BrokenPipe|Connection(?:Refused|Reset|Aborted)?)Error)(?::|$)/;
/** What goes on with the message of an exporter: its stack, and the fields of its error. */
const GOES_ON =
  /^(?:\s{2,}|\t)\S|^[}\]]|^$|^Traceback \(most recent call last\)|^(?:During handling of|The above exception was) /;

/** A text without the lines that say nothing of the cause, unless it has no others. */
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

/** A text without the lines that end in a cancellation; empty when nothing else is said. */
export function withoutCancelled(text: string): string {
  return text
    .split("\n")
    .filter((line) => !CANCELLED_LINE.test(line.slice(-400)))
    .join("\n")
    .trim();
}
