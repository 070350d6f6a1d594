/**
 * Classifies one failure by its text and its structured facts. `decide-response.ts` applies the rules for the
 * HTTP status of an answer.
 */

import { COMMAND_FAILED, type Failure } from "../failure.js";
import { closingBlock } from "../log/closing.js";
import { failedStepLogs, hasSteps, logBefore, splitOutput, splitStepOutput } from "../log/steps.js";
import type { ErrorContent } from "../reading/error-facts.js";
import { Reading } from "../reading/reading.js";
import { suspectedUpstream } from "../reading/suspect.js";
import { plainText, quietText, withoutCancelled } from "../reading/text.js";
import { PROGRAM_FAILED } from "../rules/engine/connect.js";
import { EXIT_CODE, STEP_OUTPUT, UNKNOWN } from "../rules/fallback.js";
import { BARE_GIT, CANCELLED } from "../rules/rest.js";
import type { AttributionRule, RuleSet } from "../rules/rule.js";
import { classifyByRule, findRule } from "./decide.js";
import type { ReadContext } from "./read-context.js";

/**
 * Classifies an error by its content. If the text is a `dagger` log with a closing message, that message
 * decides.
 */
export function decideContent(
  content: ErrorContent,
  context: ReadContext,
  rules: RuleSet,
): Failure {
  const whole = plainText(content.text);
  const block = hasSteps(whole) ? closingBlock(whole) : undefined;
  if (block !== undefined) {
    const said = decideText(quietText(block), content, context, rules);
    if (said.rule !== UNKNOWN.name) return refine(said, whole, block, content, context, rules);
  }
  const found = decideText(quietText(whole), content, context, rules);
  if (found.rule !== UNKNOWN.name && found.rule !== STEP_OUTPUT.name) return found;
  const empty = new Reading("", content.facts);
  if (RUNNER_CANCELLED.test(whole)) return classifyByRule(CANCELLED, empty, context);
  const byExitCode = found.rule === UNKNOWN.name && (context.exitCode ?? 0) > 1;
  return byExitCode ? classifyByRule(EXIT_CODE, empty, context) : found;
}

/**
 * Matches the note of a CI runner that canceled the job, as the last line. The note may follow any failure, so
 * it decides only if nothing else does.
 */
const RUNNER_CANCELLED =
  /(?:^|\n)\W{0,8}(?:error: )?(?:the operation was cancell?ed|job failed: cancell?ed)\W{0,8}$/i;

const NO_STEPS = { messages: "", output: "", unowned: "" };

/**
 * Operations that the engine does itself, without a command. Output in the log of such a step comes from the
 * engine.
 */
const ENGINES_OWN: ReadonlySet<string | undefined> = new Set(["from", "publish", "git", "http"]);

function decideText(
  text: string,
  content: ErrorContent,
  context: ReadContext,
  rules: RuleSet,
): Failure {
  const quoted = splitOutput(text);
  // In a log, a step may print `Stdout:`. So the steps are separated before the text is split at `Stdout:`.
  const isLog = hasSteps(quoted.messages);
  const steps = isLog ? splitStepOutput(text) : NO_STEPS;
  const { messages, output: printed } = isLog ? splitOutput(steps.messages) : quoted;
  const said = new Reading(
    messages,
    content.facts,
    `${content.output}\n${steps.output}\n${printed}`,
  );
  const rule = findRule(rules, said);
  if (rule !== undefined) return classifyByRule(unlessCancelled(rule, said, rules), said, context);
  if (steps.output === "") return classifyByRule(UNKNOWN, said, context);
  if (steps.unowned === "" || !ENGINES_OWN.has(content.facts.operation)) {
    return classifyByRule(STEP_OUTPUT, said, context);
  }
  const unowned = new Reading(steps.unowned, content.facts);
  return classifyByRule(findRule(rules, unowned) ?? STEP_OUTPUT, unowned, context);
}

/**
 * Replaces a rule that matched only because a cancellation broke the engine's work, as in "mount failed:
 * context canceled".
 *
 * Returns the rule of another line if that rule counts, else the cancellation rule. Any other rule is
 * returned unchanged.
 */
function unlessCancelled(rule: AttributionRule, said: Reading, rules: RuleSet): AttributionRule {
  const isFrame = rule.counts && (rule.fault === "engine" || rule.fault === "service");
  if (!isFrame || said.outcome !== "cancelled" || rules.own.includes(rule)) return rule;
  const rest = withoutCancelled(said.text);
  const other = rest === "" ? undefined : findRule(rules, new Reading(rest, said.facts));
  return other?.counts === true ? other : CANCELLED;
}

/**
 * Completes a classification that lacks a host, or the reason why git or a program failed. The logs of the
 * failed steps may contain the missing fact.
 */
function refine(
  said: Failure,
  whole: string,
  block: string,
  content: ErrorContent,
  context: ReadContext,
  rules: RuleSet,
): Failure {
  if (said.rule === COMMAND_FAILED) return withSuspect(said, whole, content);
  const bareGit = said.rule === BARE_GIT;
  const bareProgram = PROGRAM_FAILED.has(said.rule) && /: exit status [0-9]/.test(block);
  const hostless = said.upstreamKind !== null && said.upstream === null;
  if (!bareGit && !bareProgram && !hostless) return said;
  const steps = failedStepLogs(whole, block);
  const more = steps === "" ? said : decideText(steps, content, context, rules);
  if (bareProgram) {
    if (explainsStartFailure(more) && more.rule !== said.rule) return more;
    const other = decideText(quietText(logBefore(whole, block)), content, context, rules);
    return explainsStartFailure(other) ? other : said;
  }
  if (more.upstreamKind !== said.upstreamKind) return said;
  if (bareGit) return more;
  return more.fault === said.fault && more.upstream !== null
    ? { ...said, upstream: more.upstream }
    : said;
}

/**
 * Adds the suspected host from the log, because the message of a failed command may not quote the command's
 * output.
 */
function withSuspect(said: Failure, whole: string, content: ErrorContent): Failure {
  if (said.suspectedUpstream !== null) return said;
  const { output } = splitStepOutput(whole);
  if (output === "") return said;
  const printed = new Reading("", content.facts, output);
  return { ...said, suspectedUpstream: suspectedUpstream(printed) };
}

/**
 * Returns whether a failure explains why an engine did not start. Its image may not have arrived from the
 * registry, or the container runtime or the engine may have failed.
 */
function explainsStartFailure({ rule, upstreamKind }: Failure): boolean {
  return upstreamKind === "registry" || /^(?:connect|engine)\./.test(rule);
}
