/** Finds how an exchange with a host ended, from messages of Go, git, curl and Node. */

import {
  outcomeOfStatus,
  readStatus,
  readStatusBehindAddress,
  type StatedStatus,
} from "./status.js";
import type { WordedOutcome } from "./words/vocabulary.js";
import { AFTER_STATUS, BEFORE_STATUS, LAST_RESORT, type Words } from "./words/vocabulary.js";
import { type WordList, type WordText, wordList } from "./words/words.js";

/** How an exchange ended, according to one line. */
export interface WordedEnding {
  readonly outcome: WordedOutcome;
  readonly status: number | undefined;
}

/** Outcomes that are usually the consequence of another failure. */
const WEAK: ReadonlySet<WordedOutcome> = new Set(["cancelled", "deadline"]);

/** Git's messages when its input ended early. They do not show why: a line above often has the status. */
const CONSEQUENCE =
  /expected flush after|early eof|remote end hung up|hung up unexpectedly|index-pack|fetch-pack|unpack-objects|unexpected disconnect while reading|could not read from remote/;
/** The number of lines above git's message that may contain the cause. */
const LINES_ABOVE = 8;

/**
 * Returns how an exchange ended, from the last line that shows it. If that line reports only a consequence
 * (see `CONSEQUENCE` and `WEAK`), a line above with the cause wins.
 *
 * @param behindAddress Whether the text begins directly behind the address of the exchange.
 */
export function readEnding(text: WordText, behindAddress = false): WordedEnding | undefined {
  const words: Vocabulary = {
    before: presentOf(BEFORE, text),
    after: presentOf(AFTER, text),
    last: presentOf(LAST, text),
  };
  const lower = text.text;
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

/** The known words that occur in the text. Only these are then searched in each line. */
interface Vocabulary {
  readonly before: Words;
  readonly after: Words;
  readonly last: Words;
}

type ReadyWords = readonly (readonly [WordedOutcome, WordList])[];

const BEFORE = ready(BEFORE_STATUS);
const AFTER = ready(AFTER_STATUS);
const LAST = ready(LAST_RESORT);

function ready(table: Words): ReadyWords {
  return table.map(([outcome, words]) => [outcome, wordList(words)]);
}

function presentOf(table: ReadyWords, text: WordText): Words {
  const present: (readonly [WordedOutcome, readonly string[]])[] = [];
  for (const [outcome, words] of table) {
    const found = text.present(words);
    if (found.length > 0) present.push([outcome, found]);
  }
  return present;
}

function endingOfLine(
  line: string,
  words: Vocabulary,
  behindAddress: boolean,
): WordedEnding | undefined {
  const stated = (behindAddress ? readStatusBehindAddress(line) : undefined) ?? readStatus(line);
  const status = stated?.status;
  const before = find(words.before, line);
  if (before !== undefined && !isServersWord(before, stated)) {
    return { outcome: before.outcome, status };
  }
  if (status !== undefined) {
    const outcome = outcomeOfStatus(status);
    if (outcome !== undefined) return { outcome, status };
  }
  const after = find(words.after, line)?.outcome ?? endOfFile(line);
  if (after !== undefined) return { outcome: after, status };
  const last = find(words.last, line);
  return last === undefined ? undefined : { outcome: last.outcome, status };
}

/**
 * Returns whether the words come after a 5xx status. Then a server reports them about a host behind it,
 * such as a bad certificate there.
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

function find(table: Words, line: string): Found | undefined {
  for (const [outcome, words] of table) {
    for (const word of words) {
      const at = line.lastIndexOf(word);
      if (at >= 0) return { outcome, at };
    }
  }
  return undefined;
}
