/** Classifies each error in the answer of a session separately. */

import type { Failure, SessionResponse } from "../failure.js";
import type { ReadRequest } from "../query/named-upstream.js";
import { NamedHosts } from "../query/query-upstreams.js";
import { entriesOf, isArray, readError, readProperty } from "../reading/error-facts.js";
import { NO_FACTS, Reading, type StructuredFacts } from "../reading/reading.js";
import { bothEnds, plainText } from "../reading/text.js";
import { RESPONSE_RULES, UNKNOWN, UNREADABLE } from "../rules/fallback.js";
import { STANDARD_RULES } from "../rules/index.js";
import type { RuleSet } from "../rules/rule.js";
import { classifyByRule, findRule } from "./decide.js";
import { decideContent } from "./decide-content.js";
import type { ReadContext } from "./read-context.js";

/** The maximum number of errors read from one answer. Engines send far fewer. */
const MAX_ERRORS = 1_000;

const BY_STATUS: RuleSet = { own: [], standard: RESPONSE_RULES };

/** Classifies the answer to a request that is already parsed, by the rules of the package. */
export function classifyAnswer(
  { status, body }: SessionResponse,
  read: ReadRequest,
): readonly Failure[] {
  return decideResponse(
    { status, body },
    { hosts: new NamedHosts(undefined, read) },
    STANDARD_RULES,
  );
}

/**
 * Classifies each error of an answer, in order. Returns an empty list if the request succeeded. Never throws.
 */
export function decideResponse(
  response: { readonly status: number; readonly body: unknown },
  context: ReadContext,
  rules: RuleSet,
): Failure[] {
  const { status, body } = response;
  if (plainlyWorked(status, body)) return [];
  const answer = typeof body === "string" ? parseJson(body) : body;
  const given = readProperty(answer, "errors");
  const errors = entriesOf(given, MAX_ERRORS);
  if (errors.length > 0) {
    return errors.map((error) => decideError(error, status, context, rules));
  }
  if (status >= 200 && status < 300) {
    if (isObject(answer) && (given === undefined || given === null || isArray(given))) return [];
    return [classifyByRule(UNREADABLE, new Reading("", factsOf(status, context)), context)];
  }
  return [decidePlain(typeof body === "string" ? body : "", status, context, rules)];
}

function decideError(
  error: unknown,
  status: number,
  context: ReadContext,
  rules: RuleSet,
): Failure {
  const read = readError(error, context);
  const content = { ...read, facts: { ...read.facts, answered: true } };
  const found = decideContent(content, context, rules);
  if (found.rule !== UNKNOWN.name || status < 400) return found;
  return byStatus(new Reading(content.text, { ...content.facts, status }), context);
}

/** Classifies an answer that is not GraphQL: a proxy's error page, a message of the CLI, or an empty body. */
function decidePlain(body: string, status: number, context: ReadContext, rules: RuleSet): Failure {
  const reading = new Reading(plainText(bothEnds(body)), factsOf(status, context));
  const rule = findRule(rules, reading);
  return rule === undefined ? byStatus(reading, context) : classifyByRule(rule, reading, context);
}

function byStatus(reading: Reading, context: ReadContext): Failure {
  return classifyByRule(findRule(BY_STATUS, reading) ?? UNKNOWN, reading, context);
}

function factsOf(status: number, context: ReadContext): StructuredFacts {
  return { ...NO_FACTS, status, operation: context.operation };
}

/**
 * Returns whether an answer certainly contains no error. Does not parse the body, because the data may be
 * large.
 */
function plainlyWorked(status: number, body: unknown): boolean {
  return (
    status === 200 &&
    typeof body === "string" &&
    body.startsWith('{"data":{') &&
    body.endsWith("}}") &&
    !body.includes('"errors"')
  );
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
