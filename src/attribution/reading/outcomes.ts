/** Finds how an exchange with a host ended, according to messages of Go, git, curl and Node. */

import {
  outcomeOfStatus,
  readStatus,
  readStatusBehindAddress,
  type StatedStatus,
} from "./status.js";
import type { WordedOutcome } from "./words/vocabulary.js";
import { AFTER_STATUS, BEFORE_STATUS, LAST_RESORT, type Words } from "./words/vocabulary.js";
import { WordIndex } from "./words/words.js";

/** The outcome of an exchange and its status, according to one line. */
export interface WordedEnding {
  readonly outcome: WordedOutcome;
  readonly status: number | undefined;
}

/** Outcomes that are usually the consequence of another failure. */
const WEAK: ReadonlySet<WordedOutcome> = new Set(["cancelled", "deadline"]);

/**
 * Matches git's messages about input that ended early. The messages do not show the cause, but a line above
 * often contains the status.
 */
const CONSEQUENCE =
  /expected flush after|early eof|remote end hung up|hung up unexpectedly|index-pack|fetch-pack|unpack-objects|unexpected disconnect while reading|could not read from remote/;
/** The number of lines above git's message that may contain the cause. */
const LINES_ABOVE = 8;

/**
 * Returns how an exchange ended, according to the last line that shows an outcome. If that line reports only
 * a consequence (see `CONSEQUENCE` and `WEAK`), a line above with the cause wins.
 *
 * @param behindAddress Whether the text begins directly after the address of the exchange.
 */
export function readEnding(lower: string, behindAddress = false): WordedEnding | undefined {
  const words = wordsIn(lower);
  let weak: WordedEnding | undefined;
  let consequence: WordedEnding | undefined;
  let above = LINES_ABOVE;
  let end = lower.length;
  while (end >= 0 && above > 0) {
    const start = end === 0 ? 0 : lower.lastIndexOf("\n", end - 1) + 1;
    const line = lower.slice(start, end);
    const ending =
      start < end ? endingOfLine(line, words, behindAddress && start === 0) : undefined;
    if (consequence !== undefined) above -= 1;
    if (ending !== undefined && isConsequence(ending, line)) consequence ??= ending;
    else if (ending !== undefined && !WEAK.has(ending.outcome)) return ending;
    else weak ??= ending;
    end = start - 1;
  }
  return consequence ?? weak;
}

function isConsequence({ outcome, status }: WordedEnding, line: string): boolean {
  return outcome === "interrupted" && status === undefined && CONSEQUENCE.test(line);
}

/** A word of the vocabulary with its meaning. */
interface KnownWord {
  readonly table: Words;
  readonly outcome: WordedOutcome;
  readonly word: string;
}

/** All words, in the order in which they are searched in a line. */
const WORDS: readonly KnownWord[] = [BEFORE_STATUS, AFTER_STATUS, LAST_RESORT].flatMap((table) =>
  table.flatMap(([outcome, words]) => words.map((word) => ({ table, outcome, word }))),
);
const INDEX = new WordIndex(WORDS.map(({ word }) => word));

/** Returns the known words in a text. Each line is then searched only for these words. */
function wordsIn(text: string): readonly KnownWord[] {
  const found = INDEX.in(text);
  return found.size === 0 ? [] : WORDS.filter(({ word }) => found.has(word));
}

function endingOfLine(
  line: string,
  words: readonly KnownWord[],
  behindAddress: boolean,
): WordedEnding | undefined {
  const stated = (behindAddress ? readStatusBehindAddress(line) : undefined) ?? readStatus(line);
  const status = stated?.status;
  const before = find(words, BEFORE_STATUS, line);
  if (before !== undefined && !isServersWord(before, stated)) {
    return { outcome: before.outcome, status };
  }
  if (status !== undefined) {
    const outcome = outcomeOfStatus(status);
    if (outcome !== undefined) return { outcome, status };
  }
  const after = find(words, AFTER_STATUS, line)?.outcome ?? endOfFile(line);
  if (after !== undefined) return { outcome: after, status };
  const last = find(words, LAST_RESORT, line);
  return last === undefined ? undefined : { outcome: last.outcome, status };
}

/**
 * Returns whether the words come after a 5xx status in the line. If so, the server that answered reports a
 * failure of another host, such as a bad certificate.
 */
function isServersWord(found: Found, stated: StatedStatus | undefined): boolean {
  return (
    found.outcome !== "limited" &&
    stated !== undefined &&
    stated.status >= 500 &&
    stated.at < found.at
  );
}

function endOfFile(line: string): WordedOutcome | undefined {
  return line === "eof" || line.startsWith("eof:") ? "interrupted" : undefined;
}

interface Found {
  readonly outcome: WordedOutcome;
  readonly at: number;
}

function find(words: readonly KnownWord[], wanted: Words, line: string): Found | undefined {
  for (const { table, outcome, word } of words) {
    const at = table === wanted ? line.lastIndexOf(word) : -1;
    if (at >= 0) return { outcome, at };
  }
  return undefined;
}
