/** Finds the HTTP status that a line states, and tells what it means for the host that sent it. */

import type { Outcome } from "./words/vocabulary.js";

/** A status with the place in its line at which it stands. */
export interface StatedStatus {
  readonly status: number;
  readonly at: number;
}

// What may not stand before or after a number that is a status: there it is part of a name, such
// as the tag of an image, or of a number. No pattern here can match a stretch in two ways.
const NOT_IN_A_NAME = "(?<![\\w:/.@-]|\\bport )";
const NO_NAME_GOES_ON = "(?![\\w%/@-]|[.:][0-9]|\\.[a-z])";

// A status that its neighbour marks as one: "status: 503", "returned error: 502", "HTTP 429".
const MARKED = new RegExp(
  `(?:status(?: ?code)?|status_code|\\bcode|error|http(?:\\/[123](?:\\.[01])?)?|response|responded with|returned|failed with|answered|got)["']?(?:[:=]| ?\\()?[ "']?([1-5][0-9]{2})${NO_NAME_GOES_ON}`,
  "g",
);

// A status that its reason phrase marks as one: "503 Service Unavailable", "530 <none>".
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

// After a colon: what Go prints of an answer whose status it did not expect, whatever the reason.
// A number of bytes, lines and the like is none.
const AFTER_COLON =
  /(?:^|[:)] )([45][0-9]{2})(?=$|:? (?!(?:bytes|kib|kb|mib|mb|ms|sec|seconds|minutes|lines|files|items|objects|tests|errors|warnings|more|times|of|passed|failed|to|and|chars|characters|packages|layers|blobs|commits)\b)[a-z<])/g;

const BARE = /^\W{0,8}([45][0-9]{2})\W{0,8}$/g;

const PATTERNS = [MARKED, NAMED, BRACKETED, AFTER_COLON, BARE];

/** The last HTTP status in a line in lower case. */
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

/** The status that stands right behind the address that was asked: whatever its reason is. */
export function readStatusBehindAddress(line: string): StatedStatus | undefined {
  const match = BEHIND_ADDRESS.exec(line);
  return match === null ? undefined : { status: Number(match[1]), at: 0 };
}

/** What an HTTP status means for the host that sent it; undefined for those that mean success. */
export function outcomeOfStatus(status: number): Outcome | undefined {
  if (status === 429) return "limited";
  if (status === 408 || status === 504) return "timeout";
  if (status === 401 || status === 403 || status === 407) return "denied";
  if (status === 404 || status === 410) return "missing";
  if (status >= 400 && status < 500) return "rejected";
  if (status >= 500 && status < 600) return "server-error";
  return undefined;
}

// How Go, containerd and the container tools print the status line of an answer. With the reason
// phrase the server says what it likes: what stands there is nobody else's word.
const STATUS_LINE =
  /(?:response status|unexpected status(?: code)?:?|http status:?|request to \S{1,2048}:|status line:?) ["']?[1-5][0-9]{2} ([^\n:"'\\(]{1,200})/g;

/** A text in lower case in which the reason phrases of answers are blotted out. */
export function withoutReasons(lower: string): string {
  if (!lower.includes("status") && !lower.includes("request to ")) return lower;
  return lower.replace(
    STATUS_LINE,
    (whole: string, reason: string) =>
      `${whole.slice(0, whole.length - reason.length)}${"_".repeat(reason.length)}`,
  );
}
