/** The form of a rule, and the check whether it matches a text. */

import type { FailureContext, Fault, SessionResponse } from "../failure.js";
import type { Use } from "../reading/frames.js";
import type { Reading } from "../reading/reading.js";
import type { WordedOutcome } from "../reading/words/vocabulary.js";
import { type WordList, WordLists } from "../reading/words/words.js";

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
  /** The exchange ended in one of these ways. `"none"`: the text reports no exchange that failed. */
  readonly outcome?: readonly (WordedOutcome | "none")[];
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
  /** If set, the error must have a path: it is the failure of a field that the request asks for. */
  readonly path?: true;
  /** The HTTP status of the session's own answer. */
  readonly status?: readonly number[];
  /** Returns true. It is called only where all other parts hold. */
  readonly test?: Test;
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

/** A condition with every part, and `all` as lists of one word each. */
type ReadyCondition = {
  readonly [Part in keyof Omit<Condition, "all">]-?: Condition[Part] | undefined;
} & {
  readonly all: readonly WordList[];
};

interface ReadyRule {
  readonly rule: AttributionRule;
  readonly conditions: readonly ReadyCondition[];
}

/** Rules with a search for the words of all their conditions. */
interface ReadyRules {
  readonly rules: readonly ReadyRule[];
  readonly words: WordLists;
}

const ready = new WeakMap<readonly AttributionRule[], ReadyRules>();

/**
 * Returns the first rule that matches, or undefined. A function that throws counts as one that returns false.
 *
 * @param everywhere Whether words are also searched in names of images and hosts, as for a user's rules.
 */
export function firstMatch(
  rules: readonly AttributionRule[],
  reading: Reading,
  everywhere = false,
): AttributionRule | undefined {
  if (rules.length === 0) return undefined;
  let prepared = ready.get(rules);
  if (prepared === undefined) {
    prepared = prepare(rules);
    ready.set(rules, prepared);
  }
  const found = reading.found(prepared.words, everywhere);
  for (const { rule, conditions } of prepared.rules) {
    for (const one of conditions) if (holds(one, found, reading)) return rule;
  }
  return undefined;
}

function prepare(given: readonly AttributionRule[]): ReadyRules {
  const rules = given.map((rule) => ({ rule, conditions: [rule.when].flat().map(prepareOne) }));
  const lists = rules
    .flatMap(({ conditions }) => conditions)
    .flatMap(({ any = [], all, none = [] }) => [any, ...all, none]);
  return { rules, words: new WordLists(lists) };
}

/** The parts in one order, because reading objects of one shape is fast. */
const NO_PARTS: ReadyCondition = {
  any: undefined,
  all: [],
  none: undefined,
  matches: undefined,
  use: undefined,
  outcome: undefined,
  operation: undefined,
  type: undefined,
  names: undefined,
  codes: undefined,
  graphqlCodes: undefined,
  exitCode: undefined,
  bare: undefined,
  path: undefined,
  status: undefined,
  test: undefined,
};

function prepareOne(given: Condition | Test): ReadyCondition {
  if (typeof given === "function") return { ...NO_PARTS, test: given };
  return { ...NO_PARTS, ...given, all: (given.all ?? []).map((word) => [word]) };
}

// Checks the cheap parts of a condition first, because they rule out most rules.
function holds(condition: ReadyCondition, found: ReadonlySet<WordList>, reading: Reading): boolean {
  const { any, all, none, matches, outcome, use, test } = condition;
  return (
    (any === undefined || found.has(any)) &&
    factsHold(condition, reading) &&
    all.every((list) => found.has(list)) &&
    (none === undefined || !found.has(none)) &&
    (matches === undefined || matches.test(reading.lower)) &&
    (outcome === undefined || outcome.includes(reading.outcome ?? "none")) &&
    (use === undefined || useHolds(use, reading.use)) &&
    (test === undefined || passes(test, reading))
  );
}

function passes(test: Test, reading: Reading): boolean {
  try {
    return test(reading) === true;
  } catch {
    return false;
  }
}

function factsHold(condition: ReadyCondition, { facts }: Reading): boolean {
  return (
    (condition.operation === undefined || includes(condition.operation, facts.operation)) &&
    (condition.type === undefined || includes(condition.type, facts.type)) &&
    (condition.graphqlCodes === undefined || includes(condition.graphqlCodes, facts.graphqlCode)) &&
    (condition.status === undefined || includes(condition.status, facts.status)) &&
    (condition.exitCode === undefined || facts.exitCode !== undefined) &&
    (condition.bare === undefined || !facts.answered) &&
    (condition.path === undefined || facts.path.length > 0) &&
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
