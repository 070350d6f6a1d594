/** How an exchange with a host ended, read from the words that Go, git, curl and Node use for it. */

import {
  AFTER_STATUS,
  BEFORE_STATUS,
  LAST_RESORT,
  type Outcome,
  type Words,
} from "./vocabulary.js";
import type { WordText } from "./words.js";

/** What a line says of an exchange. */
export interface Ending {
  readonly outcome: Outcome;
  readonly status: number | undefined;
}

/** Outcomes that are often only the consequence of another failure. */
const WEAK: ReadonlySet<Outcome> = new Set(["cancelled", "deadline"]);

/** What a text in lower case says of an exchange, its last telling line deciding. */
export function readEnding(text: WordText): Ending | undefined {
  const words: Vocabulary = {
    before: presentOf(BEFORE_STATUS, text),
    after: presentOf(AFTER_STATUS, text),
    last: presentOf(LAST_RESORT, text),
  };
  const lower = text.text;
  let weak: Ending | undefined;
  let end = lower.length;
  while (end >= 0) {
    const start = end === 0 ? 0 : lower.lastIndexOf("\n", end - 1) + 1;
    const ending = start < end ? endingOfLine(lower.slice(start, end), words) : undefined;
    if (ending !== undefined) {
      if (!WEAK.has(ending.outcome)) return ending;
      weak ??= ending;
    }
    end = start - 1;
  }
  return weak;
}

/** The words that stand somewhere in a text: only they need looking for in its lines. */
interface Vocabulary {
  readonly before: Words;
  readonly after: Words;
  readonly last: Words;
}

function presentOf(table: Words, text: WordText): Words {
  const present: (readonly [Outcome, readonly string[]])[] = [];
  for (const [outcome, words] of table) {
    const found = text.present(words);
    if (found.length > 0) present.push([outcome, found]);
  }
  return present;
}

function endingOfLine(line: string, words: Vocabulary): Ending | undefined {
  const before = find(words.before, line);
  const status = readStatus(line);
  if (before !== undefined) return { outcome: before, status };
  if (status !== undefined) {
    const outcome = outcomeOfStatus(status);
    if (outcome !== undefined) return { outcome, status };
  }
  const after = find(words.after, line) ?? endOfFile(line);
  if (after !== undefined) return { outcome: after, status };
  const last = find(words.last, line);
  return last === undefined ? undefined : { outcome: last, status };
}

function endOfFile(line: string): Outcome | undefined {
  return line === "eof" || line.startsWith("eof:") ? "interrupted" : undefined;
}

function find(table: Words, line: string): Outcome | undefined {
  for (const [outcome, words] of table) {
    for (const word of words) if (line.includes(word)) return outcome;
  }
  return undefined;
}

// A status that its neighbour marks as one: "status: 503", "returned error: 502", "HTTP 429",
// "503 Service Unavailable". No pattern here can match a stretch in two ways.
const MARKED_STATUS =
  /(?:status(?: ?code)?|status_code|\bcode|error|http(?:\/[12](?:\.[01])?)?|response|responded with|returned|failed with|answered|got)["']?(?:[:=]| ?\()?[ "']?([1-5][0-9]{2})(?![0-9%]|\.[0-9]|\/tcp)/g;
const NAMED_STATUS =
  /\b([45][0-9]{2})[: ]{1,2}(?:bad request|unauthorized|payment required|forbidden|not found|method not allowed|not acceptable|proxy authentication|request time-?out|conflict|gone|length required|precondition failed|request entity too large|payload too large|content too large|uri too long|unsupported media|requested range|range not satisfiable|i'm a teapot|misdirected|unprocessable|locked|upgrade required|too many requests|request header fields|unavailable for legal|internal server error|internal error|not implemented|bad gateway|service unavailable|service temporarily|gateway time-?out|http version|insufficient storage|web server|origin|a timeout|connection timed|unknown)/g;
const BRACKET_STATUS = /\]: ([45][0-9]{2})\b/g;
const BARE_STATUS = /^\W{0,8}([45][0-9]{2})\W{0,8}$/g;

/** The last HTTP status in a line. */
export function readStatus(line: string): number | undefined {
  if (!/[1-5][0-9]{2}/.test(line)) return undefined;
  let at = -1;
  let status: number | undefined;
  for (const pattern of [MARKED_STATUS, NAMED_STATUS, BRACKET_STATUS, BARE_STATUS]) {
    pattern.lastIndex = 0;
    for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
      if (match.index >= at) {
        at = match.index;
        status = Number(match[1]);
      }
    }
  }
  return status;
}

/** What an HTTP status means for the host that sent it; undefined for those that mean success. */
function outcomeOfStatus(status: number): Outcome | undefined {
  if (status === 429) return "limited";
  if (status === 408 || status === 504) return "timeout";
  if (status === 401 || status === 403 || status === 407) return "denied";
  if (status === 404 || status === 410) return "missing";
  if (status >= 400 && status < 500) return "rejected";
  if (status >= 500 && status < 600) return "server-error";
  return undefined;
}
