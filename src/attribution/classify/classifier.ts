/** Creates classifiers. A classifier applies a set of rules to an error, a text or an answer. */

import { withCommandHost } from "../command-line/with-command-host.js";
import type { Failure, FailureContext, SessionResponse } from "../failure.js";
import type { ReadRequest } from "../query/named-upstream.js";
import { NamedHosts } from "../query/query-upstreams.js";
import { otherErrors, readError, readProperty } from "../reading/error-facts.js";
import { readRules } from "../rules/check-rules.js";
import { UNKNOWN } from "../rules/fallback.js";
import { ATTRIBUTION_RULES, STANDARD_RULES } from "../rules/index.js";
import type { AttributionRule, RuleSet } from "../rules/rule.js";
import { decideContent } from "./decide-content.js";
import { decideResponse } from "./decide-response.js";
import { type ReadContext, readContext } from "./read-context.js";

/** The options of {@link createClassifier}. */
export interface ClassifierOptions {
  /** Your own rules, tried in this order before the rules of the package. Default: none. */
  readonly rules?: readonly AttributionRule[];
}

/**
 * A set of rules, with functions that classify failures by these rules. It keeps no state and does no I/O.
 */
export interface Classifier {
  /** The rules in the order in which they are tried. */
  readonly rules: readonly AttributionRule[];
  /** Classifies an error or a text. Never throws. */
  classifyFailure(error: unknown, context?: FailureContext): Failure;
  /** Classifies each error of an answer. Never throws. */
  classifyResponse(response: SessionResponse, context?: FailureContext): readonly Failure[];
}

/**
 * Creates a classifier that tries your own rules first.
 *
 * @param options `rules`: your own rules. They are tried in order, before the rules of the package.
 * @throws TypeError if an option is unknown, or if a field of a rule is missing, unknown or of a wrong type.
 * @throws RangeError if a fault is unknown, a condition is empty, or a word is empty or not in lower case. A
 * pattern with the flag g or y also throws a RangeError.
 * @example
 * ```ts
 * import { createClassifier } from "dagger-circuit-breaker/attribution";
 *
 * const { classifyFailure } = createClassifier({
 *   rules: [
 *     {
 *       name: "acme.license-server",
 *       fault: "http",
 *       counts: true,
 *       transient: true,
 *       reason: "The license server has no seat left.",
 *       when: { any: ["no license seat"] },
 *       examples: ["no license seat for build-7"],
 *       seen: "acme 3",
 *     },
 *   ],
 * });
 * console.assert(classifyFailure("no license seat for build-9").rule === "acme.license-server");
 * ```
 */
export function createClassifier(options: ClassifierOptions = {}): Classifier {
  const own = readRules(options);
  const rules: RuleSet = { own: [...own], standard: ATTRIBUTION_RULES };
  return {
    rules: Object.freeze([...own, ...ATTRIBUTION_RULES]),
    classifyFailure: (error, given) => {
      const context = readContext(given);
      const found = decideFailure(error, context, rules);
      return withCommandHost(found, context, () => readError(error, context).text);
    },
    classifyResponse: (response, context) =>
      decideResponse(readResponse(response), readContext(context), rules),
  };
}

/** The classifier that has only the rules of the package. */
export const DEFAULT_CLASSIFIER = createClassifier();

/**
 * Classifies the error of a request that got no answer.
 *
 * @param read The parsed request.
 */
export function classifyTransportError(error: unknown, read: ReadRequest): Failure {
  return decideFailure(error, { hosts: new NamedHosts(undefined, read) }, STANDARD_RULES);
}

function decideFailure(error: unknown, context: ReadContext, rules: RuleSet): Failure {
  const content = readError(error, context);
  const { response } = content;
  if (response?.status !== undefined) {
    const [first] = decideResponse(
      { status: response.status, body: response.body },
      context,
      rules,
    );
    if (first !== undefined && first.rule !== UNKNOWN.name) return first;
  }
  const found = decideContent(content, context, rules);
  if (found.rule !== UNKNOWN.name) return found;
  for (const other of otherErrors(error)) {
    const more = decideContent(readError(other, context), context, rules);
    if (more.rule !== UNKNOWN.name) return more;
  }
  return found;
}

function readResponse(response: SessionResponse): { status: number; body: unknown } {
  const status = readProperty(response, "status");
  return { status: typeof status === "number" ? status : 0, body: readProperty(response, "body") };
}
