/** Classifies one failure by its words and its structure, without the rules for HTTP statuses. */

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

/** Classifies an error by its content. The closing message of a `dagger` log decides, if there is one. */
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
  const byExitCode = found.rule === UNKNOWN.name && (context.exitCode ?? 0) > 1;
  return byExitCode ? classifyByRule(EXIT_CODE, new Reading("", content.facts), context) : found;
}

const NO_STEPS = { messages: "", output: "", unowned: "" };

/** Operations that the engine does itself. Output in their log comes from the engine, not from a command. */
const ENGINES_OWN: ReadonlySet<string | undefined> = new Set(["from", "publish", "git", "http"]);

function decideText(
  text: string,
  content: ErrorContent,
  context: ReadContext,
  rules: RuleSet,
): Failure {
  const quoted = splitOutput(text);
  // Splits by steps first: in a log, `Stdout:` may be printed by a step and not by the closing message.
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
 * Returns the cancellation rule where the matched rule names only the engine's frame around a cancellation,
 * such as "mount failed: context canceled". If another line reports a failure, its rule wins.
 */
function unlessCancelled(rule: AttributionRule, said: Reading, rules: RuleSet): AttributionRule {
  const isFrame = rule.counts && (rule.fault === "engine" || rule.fault === "service");
  if (!isFrame || said.outcome !== "cancelled" || rules.own.includes(rule)) return rule;
  const rest = withoutCancelled(said.text);
  const other = rest === "" ? undefined : findRule(rules, new Reading(rest, said.facts));
  return other?.counts === true ? other : CANCELLED;
}

/**
 * Adds to the closing message what it lacks (a host, git's reason), from the logs of the steps that failed
 * with it.
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
 * Adds the suspected host, found in the log: the message of a failed command does not always quote the
 * command's output.
 */
function withSuspect(said: Failure, whole: string, content: ErrorContent): Failure {
  if (said.suspectedUpstream !== null) return said;
  const { output } = splitStepOutput(whole);
  if (output === "") return said;
  const printed = new Reading("", content.facts, output);
  return { ...said, suspectedUpstream: suspectedUpstream(printed) };
}

/**
 * Returns whether a failure explains why an engine did not start: its image did not arrive, or the
 * container runtime refused to run it.
 */
function explainsStartFailure({ rule, upstreamKind }: Failure): boolean {
  return upstreamKind === "registry" || /^(?:connect|engine)\./.test(rule);
}
