/** The form of a rule, and the check whether it matches a text. */

import type { FailureContext, Fault, SessionResponse } from "../failure.js";
import type { Use } from "../reading/frames.js";
import type { Reading } from "../reading/reading.js";
import type { WordedOutcome } from "../reading/words/vocabulary.js";

/**
 * The condition of a rule. Every field that is set must hold. The words of `any`, `all` and `none` are in
 * lower case.
 */
export interface Condition {
  /** The text contains at least one of these words. */
  readonly any?: readonly string[];
  /** The text contains all of these words. */
  readonly all?: readonly string[];
  /** The text contains none of these words. */
  readonly none?: readonly string[];
  /**
   * The pattern matches the text in lower case. It must run in linear time: no repetition inside a
   * repetition.
   */
  readonly matches?: RegExp;
  /** The purpose of the exchange is one of these. */
  readonly use?: Use | readonly Use[];
  /** The exchange ended in one of these ways. */
  readonly outcome?: readonly WordedOutcome[];
  /** The operation is one of these, such as `"from"`. */
  readonly operation?: readonly string[];
  /** `extensions._type` of the GraphQL error. */
  readonly type?: readonly string[];
  /** The name of the error or one of its causes. */
  readonly names?: readonly string[];
  /** The code of the error or one of its causes. */
  readonly codes?: readonly string[];
  /** A GraphQL error code. */
  readonly graphqlCodes?: readonly string[];
  /** If set, the error itself must contain the exit code of a command. */
  readonly exitCode?: true;
  /**
   * If set, the text must not be a GraphQL error of an answer. There, the output of commands is already
   * separated.
   */
  readonly bare?: true;
  /** The HTTP status of the session's own answer. */
  readonly status?: readonly number[];
}

/** An example that a rule must match; the tests classify each. */
export type Example =
  | string
  | { readonly text: string; readonly context: FailureContext }
  | { readonly answer: SessionResponse };

/** A rule: a condition, and the classification if it holds. The first rule that matches decides. */
export interface AttributionRule {
  readonly name: string;
  readonly fault: Fault;
  readonly counts: boolean;
  readonly transient: boolean;
  readonly limited?: true;
  /** The upstream gave a proper answer, which its circuit counts as a success. */
  readonly answered?: true;
  /** The session is lost for good. */
  readonly sessionLost?: true;
  /** `"none"`: a host in the text is not at fault. Default: the host that failed. */
  readonly upstream?: "none";
  readonly reason: string;
  readonly when: Condition | Test | readonly (Condition | Test)[];
  readonly examples: readonly Example[];
  /** The version of Dagger or of a tool that printed these words. */
  readonly seen: string;
}

/** The rules of a classifier. A user's own rules are tried first. */
export interface RuleSet {
  readonly own: readonly AttributionRule[];
  readonly standard: readonly AttributionRule[];
}

/** A condition as a function. It must not change anything. */
export type Test = (reading: FailureReading) => boolean;

/** The facts that a rule's function may use. */
export type FailureReading = Pick<
  Reading,
  "text" | "lower" | "output" | "facts" | "outcome" | "use" | "host" | "has"
>;

/** Up to sixteen rules with all words of their conditions, so that one search finds the words of all of them. */
interface RuleBlock {
  readonly rules: readonly AttributionRule[];
  readonly words: readonly string[];
  /** For each word, the conditions that have it in `any`. */
  readonly byWord: ReadonlyMap<string, readonly Condition[]>;
}

/** The words of a block that the text contains, and the conditions whose `any` they satisfy. */
interface FoundWords {
  readonly present: ReadonlySet<string>;
  readonly conditions: ReadonlySet<Condition>;
}

/** One text checked against one block. Results are kept here, so that each is found once. */
interface Question {
  readonly reading: Reading;
  /** Undefined for a user's rules. Their words are also searched in names of images and hosts. */
  readonly block: RuleBlock | undefined;
  found: FoundWords | undefined;
  outcome: { readonly value: WordedOutcome | undefined } | undefined;
}

/** The number of rules in a block. Blocks are small because the first rules decide most failures. */
const BLOCK_LENGTH = 16;
const blocks = new WeakMap<readonly AttributionRule[], readonly RuleBlock[]>();

/** Returns the first of the package's rules that matches, or undefined. */
export function firstMatch(
  rules: readonly AttributionRule[],
  reading: Reading,
): AttributionRule | undefined {
  let all = blocks.get(rules);
  if (all === undefined) {
    all = blocksOf(rules);
    blocks.set(rules, all);
  }
  const question: Question = { reading, block: undefined, found: undefined, outcome: undefined };
  for (const block of all) {
    const asked = { ...question, block };
    const match = block.rules.find((rule) => matches(rule, asked));
    if (match !== undefined) return match;
    question.outcome = asked.outcome;
  }
  return undefined;
}

/** Returns whether a user's rule matches. A rule that throws does not match. */
export function fits(rule: AttributionRule, reading: Reading): boolean {
  return matches(rule, { reading, block: undefined, found: undefined, outcome: undefined });
}

function blocksOf(rules: readonly AttributionRule[]): readonly RuleBlock[] {
  const all: RuleBlock[] = [];
  for (let at = 0; at < rules.length; at += BLOCK_LENGTH) {
    all.push(blockOf(rules.slice(at, at + BLOCK_LENGTH)));
  }
  return all;
}

function blockOf(rules: readonly AttributionRule[]): RuleBlock {
  const words = new Set<string>();
  const byWord = new Map<string, Condition[]>();
  for (const one of rules.flatMap(({ when }) => when)) {
    if (typeof one === "function") continue;
    for (const word of one.any ?? []) byWord.set(word, [...(byWord.get(word) ?? []), one]);
    for (const list of [one.any, one.all, one.none]) for (const word of list ?? []) words.add(word);
  }
  return { rules, words: [...words], byWord };
}

function matches({ when }: AttributionRule, question: Question): boolean {
  if (!isList(when)) return asks(when, question);
  for (const one of when) if (asks(one, question)) return true;
  return false;
}

function asks(one: Condition | Test, question: Question): boolean {
  if (typeof one !== "function") return holds(one, question);
  try {
    return one(question.reading) === true;
  } catch {
    return false;
  }
}

function isList(when: AttributionRule["when"]): when is readonly (Condition | Test)[] {
  return Array.isArray(when);
}

// Checks the cheap parts of a condition first, because they rule out most rules.
function holds(condition: Condition, question: Question): boolean {
  const { reading } = question;
  return (
    factsHold(condition, reading) &&
    wordsHold(condition, question) &&
    (condition.matches === undefined || condition.matches.test(reading.lower)) &&
    (condition.outcome === undefined || includes(condition.outcome, outcomeOf(question))) &&
    (condition.use === undefined || useHolds(condition.use, reading.use))
  );
}

function wordsHold(condition: Condition, question: Question): boolean {
  const { any, all, none } = condition;
  if (any === undefined && all === undefined && none === undefined) return true;
  const { reading, block } = question;
  if (block === undefined) {
    return (
      (any === undefined || reading.has(any, true)) &&
      (all === undefined || reading.hasAll(all, true)) &&
      (none === undefined || !reading.has(none, true))
    );
  }
  question.found ??= foundIn(reading, block);
  const { present, conditions } = question.found;
  return (
    (any === undefined || conditions.has(condition)) &&
    (all === undefined || all.every((word) => present.has(word))) &&
    (none === undefined || !none.some((word) => present.has(word)))
  );
}

function foundIn(reading: Reading, { words, byWord }: RuleBlock): FoundWords {
  const present = reading.present(words);
  const conditions = new Set<Condition>();
  for (const word of present) for (const one of byWord.get(word) ?? []) conditions.add(one);
  return { present, conditions };
}

function outcomeOf(question: Question): WordedOutcome | undefined {
  question.outcome ??= { value: question.reading.outcome };
  return question.outcome.value;
}

function factsHold(condition: Condition, { facts }: Reading): boolean {
  return (
    (condition.operation === undefined || includes(condition.operation, facts.operation)) &&
    (condition.type === undefined || includes(condition.type, facts.type)) &&
    (condition.graphqlCodes === undefined || includes(condition.graphqlCodes, facts.graphqlCode)) &&
    (condition.status === undefined || includes(condition.status, facts.status)) &&
    (condition.exitCode === undefined || facts.exitCode !== undefined) &&
    (condition.bare === undefined || !facts.answered) &&
    (condition.names === undefined ||
      facts.names.some((name) => condition.names?.includes(name))) &&
    (condition.codes === undefined || facts.codes.some((code) => condition.codes?.includes(code)))
  );
}

function useHolds(wanted: Use | readonly Use[], use: Use | undefined): boolean {
  return typeof wanted === "string" ? wanted === use : includes(wanted, use);
}

function includes<T>(list: readonly T[], value: T | undefined): boolean {
  return value !== undefined && list.includes(value);
}
