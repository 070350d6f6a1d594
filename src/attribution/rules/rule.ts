/** The form of a rule, and the test whether it matches. */

import type { FailureContext, Fault, SessionResponse } from "../failure.js";
import type { Use } from "../reading/frames.js";
import type { Reading } from "../reading/reading.js";
import type { WordedOutcome } from "../reading/words/vocabulary.js";

/** The condition of a rule. Every given field must hold; `any` and `all` are in lower case. */
export interface Condition {
  /** The text contains at least one of these. */
  readonly any?: readonly string[];
  /** The text contains all of these. */
  readonly all?: readonly string[];
  /** The text contains none of these. */
  readonly none?: readonly string[];
  /** The lower-case text matches. It must be linear: no repetition inside a repetition. */
  readonly matches?: RegExp;
  /** The purpose of the exchange. */
  readonly use?: Use | readonly Use[];
  /** The end of the exchange. */
  readonly outcome?: readonly WordedOutcome[];
  /** The operation. */
  readonly operation?: readonly string[];
  /** `extensions._type` of the GraphQL error. */
  readonly type?: readonly string[];
  /** The name of the error or one of its causes. */
  readonly names?: readonly string[];
  /** The code of the error or one of its causes. */
  readonly codes?: readonly string[];
  /** A GraphQL error code. */
  readonly graphqlCodes?: readonly string[];
  /** Whether the error itself contains the exit code of a command. */
  readonly exitCode?: true;
  /**
   * Whether the words stand alone, outside the error of an answer, where words of commands are
   * separated.
   */
  readonly bare?: true;
  /** The HTTP status of the session's own answer. */
  readonly status?: readonly number[];
}

/** An example for a rule; the tests run each through the classifier. */
export type Example =
  | string
  | { readonly text: string; readonly context: FailureContext }
  | { readonly answer: SessionResponse };

/** A rule: a condition and the component at fault. The first rule that matches decides. */
export interface AttributionRule {
  readonly name: string;
  readonly fault: Fault;
  readonly counts: boolean;
  readonly transient: boolean;
  readonly limited?: true;
  /** The upstream answered, which its circuit counts as a success. */
  readonly answered?: true;
  /** The session is lost for good. */
  readonly sessionLost?: true;
  /** `"none"`: hosts in the text are not at fault. Default: the failed host. */
  readonly upstream?: "none";
  readonly reason: string;
  readonly when: Condition | Test | readonly (Condition | Test)[];
  readonly examples: readonly Example[];
  /** The version in which these words were seen. */
  readonly seen: string;
}

/** The rules of a classifier; the user's come first. */
export interface RuleSet {
  readonly own: readonly AttributionRule[];
  readonly standard: readonly AttributionRule[];
}

/** A condition beyond lists of words. It must not change anything. */
export type Test = (reading: FailureReading) => boolean;

/** The facts that a rule's function may use. */
export type FailureReading = Pick<
  Reading,
  "text" | "lower" | "output" | "facts" | "outcome" | "use" | "host" | "has"
>;

/**
 * Returns whether a rule matches. A user's rule that throws does not match.
 *
 * @param everywhere Whether to look for its words in names too, as users expect.
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

// The cheap checks come first: they rule out most rules.
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
