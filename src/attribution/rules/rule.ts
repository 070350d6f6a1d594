/** The form of a rule, and how one is asked. */

import type { FailureContext, Fault, SessionResponse } from "../failure.js";
import type { Use } from "../reading/frames.js";
import type { Reading } from "../reading/reading.js";
import type { Outcome } from "../reading/words/vocabulary.js";

/** What a rule wants to see. Every part that is given must hold; `any` and `all` are in lower case. */
export interface Condition {
  /** At least one of these stands in the text. */
  readonly any?: readonly string[];
  /** All of these stand in the text. */
  readonly all?: readonly string[];
  /** None of these stands in the text. */
  readonly none?: readonly string[];
  /** The text in lower case matches. Must be linear: no repetition inside a repetition. */
  readonly matches?: RegExp;
  /** What the exchange was for. */
  readonly use?: Use | readonly Use[];
  /** How the exchange ended. */
  readonly outcome?: readonly Outcome[];
  /** What was being done. */
  readonly operation?: readonly string[];
  /** `extensions._type` of the GraphQL error. */
  readonly type?: readonly string[];
  /** The name of the error or of one of its causes. */
  readonly names?: readonly string[];
  /** The code of the error or of one of its causes. */
  readonly codes?: readonly string[];
  /** A GraphQL error code. */
  readonly graphqlCodes?: readonly string[];
  /** Whether a command's exit code came with the error as a fact. */
  readonly exitCode?: true;
  /** Whether these are bare words, not the error of an answer: there a command's are set apart. */
  readonly bare?: true;
  /** The HTTP status of the session's own answer. */
  readonly status?: readonly number[];
}

/** An example of what a rule is for; the tests run each through the classifier. */
export type Example =
  | string
  | { readonly text: string; readonly context: FailureContext }
  | { readonly answer: SessionResponse };

/** One rule: what it wants to see, and whose fault that is. The first that fits decides. */
export interface AttributionRule {
  readonly name: string;
  readonly fault: Fault;
  readonly counts: boolean;
  readonly transient: boolean;
  readonly limited?: true;
  /** The upstream answered: its circuit takes this as a success. */
  readonly answered?: true;
  /** The session never comes back. */
  readonly sessionLost?: true;
  /** `"none"`: hosts in the text are not at fault. Default: the host that failed. */
  readonly upstream?: "none";
  readonly reason: string;
  readonly when: Condition | Test | readonly (Condition | Test)[];
  readonly examples: readonly Example[];
  /** Where these words were seen. */
  readonly seen: string;
}

/** The rules of a classifier: those of its user are asked first. */
export interface RuleSet {
  readonly own: readonly AttributionRule[];
  readonly standard: readonly AttributionRule[];
}

/** A condition that no list of words can state. Must not change anything. */
export type Test = (reading: FailureReading) => boolean;

/** What a rule that is a function may ask. */
export type FailureReading = Pick<
  Reading,
  "text" | "lower" | "output" | "facts" | "outcome" | "use" | "host" | "has"
>;

/**
 * Whether a rule fits what was read. A rule of a user's that throws does not fit.
 *
 * @param everywhere Whether its words are looked for in names, too, as a user expects it.
 */
export function fits(rule: AttributionRule, reading: Reading, everywhere: boolean): boolean {
  const { when } = rule;
  if (!isList(when)) return asks(when, reading, everywhere);
  for (const one of when) if (asks(one, reading, everywhere)) return true;
  return false;
}

function asks(one: Condition | Test, reading: Reading, everywhere: boolean): boolean {
  if (typeof one !== "function") return holds(one, reading, everywhere);
  try {
    return one(reading) === true;
  } catch {
    return false;
  }
}

function isList(when: AttributionRule["when"]): when is readonly (Condition | Test)[] {
  return Array.isArray(when);
}

// The cheap questions come first: most rules are ruled out by them.
function holds(condition: Condition, reading: Reading, everywhere: boolean): boolean {
  return (
    factsHold(condition, reading) &&
    (condition.any === undefined || reading.has(condition.any, everywhere)) &&
    (condition.all === undefined || reading.hasAll(condition.all, everywhere)) &&
    (condition.none === undefined || !reading.has(condition.none, everywhere)) &&
    (condition.matches === undefined || condition.matches.test(reading.lower)) &&
    (condition.outcome === undefined || includes(condition.outcome, reading.outcome)) &&
    (condition.use === undefined || useHolds(condition.use, reading.use))
  );
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
