/** The type of a rule, and the search for the first rule that matches a text. */

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
   * The pattern matches the text in lower case. It must have no flag g or y. It must also run in linear time,
   * so no repetition may be inside a repetition.
   */
  readonly matches?: RegExp;
  /** The other side of the exchange is one of these. */
  readonly use?: Use | readonly Use[];
  /** The outcome of the exchange is one of these. `"none"` means that the text reports no failed exchange. */
  readonly outcome?: readonly (WordedOutcome | "none")[];
  /** The operation is one of these, such as `"from"`. */
  readonly operation?: readonly string[];
  /** The `extensions._type` of the GraphQL error is one of these. */
  readonly type?: readonly string[];
  /** A name of the error or of its causes is one of these. */
  readonly names?: readonly string[];
  /** A code of the error or of its causes is one of these. */
  readonly codes?: readonly string[];
  /** The `extensions.code` of the GraphQL error is one of these. */
  readonly graphqlCodes?: readonly string[];
  /** If set, the error itself must contain the exit code of a command. */
  readonly exitCode?: true;
  /**
   * If set, the text must not be a GraphQL error of an answer. In such an error, the output of commands is
   * already separate from the message.
   */
  readonly bare?: true;
  /** If set, the error must have a path, because it is about a field of the request. */
  readonly path?: true;
  /** The HTTP status of the session's own answer is one of these. */
  readonly status?: readonly number[];
  /** A function that returns true. The function is called only if all other parts of the condition hold. */
  readonly test?: Test;
}

/** An example that a rule must match. The tests classify each example. */
export type Example =
  | string
  | { readonly text: string; readonly context: FailureContext }
  | { readonly answer: SessionResponse };

/**
 * A condition, and the classification of a failure that meets this condition. The first rule that matches
 * decides.
 *
 * Fields with the same name have the same meaning as in {@link Failure}.
 */
export interface AttributionRule {
  /** The name that {@link Failure} contains as `rule`. */
  readonly name: string;
  readonly fault: Fault;
  readonly counts: boolean;
  readonly transient: boolean;
  readonly limited?: true;
  /** Whether the upstream gave a proper answer, which its circuit counts as a success. */
  readonly answered?: true;
  /** Whether the session is lost for good. */
  readonly sessionLost?: true;
  /**
   * `"none"`: the failure has no upstream, even if the text contains a host. Default: the host that failed.
   */
  readonly upstream?: "none";
  readonly reason: string;
  /** The condition. With several conditions, at least one must hold. */
  readonly when: Condition | Test | readonly (Condition | Test)[];
  /** Examples of failures that this rule must classify. */
  readonly examples: readonly Example[];
  /** The versions of Dagger or of a tool that printed these words, as a text for the documentation. */
  readonly seen: string;
}

/** The rules of a classifier. A user's own rules are tried first. */
export interface RuleSet {
  readonly own: readonly AttributionRule[];
  readonly standard: readonly AttributionRule[];
}

/** A condition as a function. The function must not change anything. */
export type Test = (reading: FailureReading) => boolean;

/** The facts that a rule's function may use. */
export type FailureReading = Pick<
  Reading,
  "text" | "lower" | "output" | "facts" | "outcome" | "use" | "host" | "has"
>;

/**
 * A condition with every field. Each word of `all` is a list of its own, because all of these lists must be
 * found.
 */
type ReadyCondition = {
  readonly [Part in keyof Omit<Condition, "all">]-?: Condition[Part] | undefined;
} & {
  readonly all: readonly WordList[];
};

interface ReadyRule {
  readonly rule: AttributionRule;
  readonly conditions: readonly ReadyCondition[];
}

/** Rules with one search for the words of all conditions. */
interface ReadyRules {
  readonly rules: readonly ReadyRule[];
  readonly words: WordLists;
}

const ready = new WeakMap<readonly AttributionRule[], ReadyRules>();

/**
 * Returns the first rule that matches, or undefined. A condition whose function throws does not hold.
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

/**
 * A condition without parts. It gives all conditions the same shape, because JavaScript reads objects of one
 * shape faster.
 */
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
