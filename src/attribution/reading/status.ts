/** Finds the HTTP status in a line, and decides what the status means for the host that sent it. */

import type { WordedOutcome } from "./words/vocabulary.js";

/** A status with its position in the line. */
export interface StatedStatus {
  readonly status: number;
  readonly at: number;
}

// These patterns reject a number that is part of a name (`app:503`) or of a longer number.
//
// No pattern in this file can match a text in two ways, so that matching takes linear time.
const NOT_IN_A_NAME = "(?<![\\w:/.@-]|\\bport )";
const NO_NAME_GOES_ON = "(?![\\w%/@-]|[.:][0-9]|\\.[a-z])";

// Matches a status after a word that marks it: "status: 503", "returned error: 502", "HTTP 429".
const MARKED = new RegExp(
  `(?:status(?: ?code)?|status_code|\\bcode|error|http(?:\\/[123](?:\\.[01])?)?|response|responded with|returned|failed with|answered|got)["']?(?:[:=]| ?\\()?[ "']?([1-5][0-9]{2})${NO_NAME_GOES_ON}`,
  "g",
);

// Reason phrases that mark the number before them as a status: "503 Service Unavailable", "530 <none>".
const REASONS = [
  "<none>",
  "bad request",
  "unauthorized",
  "payment required",
  "forbidden",
  "not found",
  "method not allowed",
  "not acceptable",
  "proxy authentication",
  "request time-?out",
  "conflict",
  "gone",
  "length required",
  "precondition failed",
  "request entity too large",
  "payload too large",
  "content too large",
  "uri too long",
  "unsupported media",
  "requested range",
  "range not satisfiable",
  "i'm a teapot",
  "misdirected",
  "unprocessable",
  "locked",
  "upgrade required",
  "too many requests",
  "request header fields",
  "unavailable for legal",
  "internal server error",
  "internal error",
  "not implemented",
  "bad gateway",
  "service unavailable",
  "service temporarily",
  "gateway time-?out",
  "http version",
  "variant also",
  "insufficient storage",
  "loop detected",
  "bandwidth limit",
  "not extended",
  "network authentication",
  "network (?:read|connect) time-?out",
  "web server",
  "origin",
  "a timeout",
  "connection timed",
  "ssl handshake",
  "invalid ssl",
  "railgun",
  "site is",
  "server error",
  "backend",
  "unknown",
];
const NAMED = new RegExp(`${NOT_IN_A_NAME}([45][0-9]{2})[: ]{1,2}(?:${REASONS.join("|")})`, "g");

const BRACKETED = /\]: ([45][0-9]{2})\b/g;

// Matches a status after a colon, as in Go's message for an unexpected status. Does not match a count, such
// as ": 404 bytes".
const AFTER_COLON =
  /(?:^|[:)] )([45][0-9]{2})(?=$|:? (?!(?:bytes|kib|kb|mib|mb|ms|sec|seconds|minutes|lines|files|items|objects|tests|errors|warnings|more|times|of|passed|failed|to|and|chars|characters|packages|layers|blobs|commits)\b)[a-z<])/g;

const BARE = /^\W{0,8}([45][0-9]{2})\W{0,8}$/g;

const PATTERNS = [MARKED, NAMED, BRACKETED, AFTER_COLON, BARE];

/** Returns the last HTTP status in a lower-case line, with its position. */
export function readStatus(line: string): StatedStatus | undefined {
  if (!/[1-5][0-9]{2}/.test(line)) return undefined;
  let found: StatedStatus | undefined;
  for (const pattern of PATTERNS) {
    pattern.lastIndex = 0;
    for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
      if (match.index >= (found?.at ?? 0)) found = { status: Number(match[1]), at: match.index };
    }
  }
  return found;
}

const BEHIND_ADDRESS = new RegExp(
  `^["'\`)>\\]]{0,3}(?::| -|,| returned:?| =>| ->)? ?\\(?([1-5][0-9]{2})${NO_NAME_GOES_ON}`,
);

/** Returns the status directly after an address, whatever reason phrase follows. */
export function readStatusBehindAddress(line: string): StatedStatus | undefined {
  const match = BEHIND_ADDRESS.exec(line);
  return match === null ? undefined : { status: Number(match[1]), at: 0 };
}

/**
 * Returns the outcome that an HTTP status shows for the host that sent it. Returns undefined for a status
 * below 400.
 */
export function outcomeOfStatus(status: number): WordedOutcome | undefined {
  if (status === 429) return "limited";
  if (status === 408 || status === 504) return "timeout";
  if (status === 401 || status === 403 || status === 407) return "denied";
  if (status === 404 || status === 410) return "missing";
  if (status >= 400 && status < 500) return "rejected";
  if (status >= 500 && status < 600) return "server-error";
  return undefined;
}

// Matches a status line in a message of Go, containerd or a container tool. The server can choose any reason
// phrase, so rules must not read it.
const STATUS_LINE =
  /(?:response status|unexpected status(?: code)?:?|http status:?|request to \S{1,2048}:|status line:?) ["']?[1-5][0-9]{2} ([^\n:"'\\(]{1,200})/g;

/** Replaces the reason phrases of status lines in a lower-case text with `_`. */
export function withoutReasons(lower: string): string {
  if (!lower.includes("status") && !lower.includes("request to ")) return lower;
  return lower.replace(
    STATUS_LINE,
    (whole: string, reason: string) =>
      `${whole.slice(0, whole.length - reason.length)}${"_".repeat(reason.length)}`,
  );
}
