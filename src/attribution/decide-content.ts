/** Classifies the words and the structure of one failure. */

import { findRule, verdict } from "./decide.js";
import type { ErrorContent } from "./error-facts.js";
import type { Failure, FailureContext } from "./failure.js";
import { Reading } from "./reading.js";
import { EXIT_CODE, STEP_OUTPUT, UNKNOWN } from "./rules/fallback.js";
import { BARE_GIT } from "./rules/rest.js";
import type { AttributionRule } from "./rules/rule.js";
import {
  closingBlock,
  plainText,
  quietText,
  splitOutput,
  splitStepOutput,
  stepsThatSay,
} from "./text.js";

/** Classifies what was read of an error. */
export function decideContent(
  content: ErrorContent,
  context: FailureContext,
  rules: readonly AttributionRule[],
): Failure {
  const whole = plainText(content.text);
  const block = closingBlock(whole);
  if (block !== undefined) {
    const said = decideText(block, content, context, rules);
    if (said.rule !== UNKNOWN.name) return refine(said, whole, block, content, context, rules);
  }
  const found = decideText(quietText(whole), content, context, rules);
  const byExitCode = found.rule === UNKNOWN.name && (context.exitCode ?? 0) > 1;
  return byExitCode ? verdict(EXIT_CODE, new Reading("", content.facts), context) : found;
}

function decideText(
  text: string,
  content: ErrorContent,
  context: FailureContext,
  rules: readonly AttributionRule[],
): Failure {
  const quoted = splitOutput(text);
  const steps = splitStepOutput(quoted.said);
  const output = `${content.output}\n${quoted.output}`;
  const said = new Reading(steps.said, content.facts, output);
  const rule = findRule(rules, said);
  if (rule !== undefined) return verdict(rule, said, context);
  if (steps.output !== "") return verdict(STEP_OUTPUT, said, context);
  return verdict(UNKNOWN, said, context);
}

/** Fills in what the closing words leave open from the log of the steps that failed with them. */
function refine(
  said: Failure,
  whole: string,
  block: string,
  content: ErrorContent,
  context: FailureContext,
  rules: readonly AttributionRule[],
): Failure {
  const bareGit = said.rule === BARE_GIT;
  const hostless = said.upstreamKind !== null && said.upstream === null;
  if (!bareGit && !hostless) return said;
  const steps = stepsThatSay(whole, block);
  if (steps === "") return said;
  const more = decideText(steps, content, context, rules);
  const sameKind = more.upstreamKind === said.upstreamKind;
  return sameKind && (bareGit || more.fault === said.fault) ? more : said;
}
