/** Validates a user's rules. An invalid rule, or a rule that would match every failure, throws at once. */

import { readObject, readRecord, show } from "../../options/check.js";
import type { Fault } from "../failure.js";
import type { AttributionRule, Condition } from "./rule.js";

const FAULTS: readonly Fault[] = [
  "engine",
  "registry",
  "git",
  "http",
  "service",
  "user",
  "cancelled",
  "cloud",
  "unknown",
];

type Part = readonly [name: keyof AttributionRule, types: readonly string[]];

const NEEDED: readonly Part[] = [
  ["name", ["string"]],
  ["fault", ["string"]],
  ["counts", ["boolean"]],
  ["transient", ["boolean"]],
  ["reason", ["string"]],
  ["when", ["object", "function"]],
];

const KNOWN: readonly (keyof AttributionRule)[] = [
  ...NEEDED.map(([name]) => name),
  "limited",
  "answered",
  "sessionLost",
  "upstream",
  "examples",
  "seen",
];

const WORD_LISTS = ["any", "all", "none"] as const;
const VALUE_LISTS = [
  "outcome",
  "operation",
  "type",
  "names",
  "codes",
  "graphqlCodes",
  "status",
] as const;
const CONDITION_PARTS: readonly (keyof Condition)[] = [
  ...WORD_LISTS,
  ...VALUE_LISTS,
  "matches",
  "use",
  "exitCode",
  "bare",
  "path",
  "test",
];

/** Validates the option `rules` of a classifier and returns the rules. */
export function readRules(options: unknown): readonly AttributionRule[] {
  const { rules = [] } = readObject("classifier", options, ["rules"]);
  if (!Array.isArray(rules)) {
    throw new TypeError(`classifier option "rules" is ${show(rules)}, expected an array`);
  }
  for (const [index, rule] of rules.entries()) checkRule(rule, `rule ${index}`);
  return rules;
}

function checkRule(given: unknown, label: string): void {
  const rule = readRecord(given, label);
  checkKeys(rule, KNOWN, label);
  for (const [part, types] of NEEDED) {
    const value = rule[part];
    if (value === null || !types.includes(typeof value)) {
      throw new TypeError(
        `"${part}" of ${label} is ${show(value)}, expected a ${types.join(" or a ")}`,
      );
    }
  }
  if (!FAULTS.some((fault) => fault === rule.fault)) {
    throw new RangeError(
      `"fault" of ${label} is ${show(rule.fault)}, expected one of ${FAULTS.join(", ")}`,
    );
  }
  const conditions: readonly unknown[] = Array.isArray(rule.when) ? rule.when : [rule.when];
  for (const condition of conditions) {
    if (typeof condition !== "function") checkCondition(condition, label);
  }
}

function checkCondition(given: unknown, label: string): void {
  const condition = readRecord(given, `a condition of ${label}`);
  checkKeys(condition, CONDITION_PARTS, `a condition of ${label}`);
  if (Object.values(condition).every((part) => part === undefined)) {
    throw new RangeError(
      `a condition of ${label} is empty and would match every failure, expected at least one part`,
    );
  }
  for (const name of [...WORD_LISTS, ...VALUE_LISTS]) {
    const list = condition[name];
    if (list !== undefined && !Array.isArray(list)) {
      throw new TypeError(`"${name}" of ${label} is ${show(list)}, expected an array`);
    }
  }
  for (const name of WORD_LISTS) {
    for (const word of (condition[name] as readonly unknown[] | undefined) ?? []) {
      checkWord(word, label);
    }
  }
  if (condition.matches !== undefined) checkPattern(condition.matches, label);
  if (condition.test !== undefined && typeof condition.test !== "function") {
    throw new TypeError(`"test" of ${label} is ${show(condition.test)}, expected a function`);
  }
}

function checkWord(word: unknown, label: string): void {
  if (typeof word === "string" && word !== "" && word === word.toLowerCase()) return;
  throw new RangeError(
    `a word of ${label} is ${show(word)}, expected text in lower case: the failure's is when it is searched`,
  );
}

function checkPattern(pattern: unknown, label: string): void {
  if (!(pattern instanceof RegExp)) {
    throw new TypeError(`"matches" of ${label} is ${show(pattern)}, expected a regular expression`);
  }
  if (pattern.global || pattern.sticky) {
    throw new RangeError(
      `"matches" of ${label} is ${pattern}, expected no flag g or y: they keep a place between texts`,
    );
  }
}

function checkKeys(given: object, known: readonly string[], label: string): void {
  for (const key of Object.keys(given)) {
    if (!known.includes(key)) {
      throw new TypeError(
        `${show(key)} of ${label} is not known, expected one of ${known.join(", ")}`,
      );
    }
  }
}
