/** Tries rules in order and builds the classification from the first rule that matches. */

import { COMMAND_FAILED, type Failure, type UpstreamKind } from "../failure.js";
import { rejectionInWords } from "../reading/own-words.js";
import type { Reading } from "../reading/reading.js";
import { readRetryAfter } from "../reading/retry-after.js";
import { suspectedUpstream } from "../reading/suspect.js";
import { OWN_REJECTED } from "../rules/own.js";
import { type AttributionRule, firstMatch, type RuleSet } from "../rules/rule.js";
import type { ReadContext } from "./read-context.js";

/** Returns the first rule that matches, or undefined. */
export function findRule(rules: RuleSet, reading: Reading): AttributionRule | undefined {
  return firstMatch(rules.own, reading, true) ?? firstMatch(rules.standard, reading);
}

/** Builds the classification of a failure from the rule that matches it. */
export function classifyByRule(
  rule: AttributionRule,
  reading: Reading,
  context: ReadContext,
): Failure {
  const named = rule.upstream !== "none";
  const kind = named ? kindOf(rule, reading) : null;
  const host = named ? (reading.host ?? hostOfQuery(kind, reading, context)) : null;
  const upstream = rule.counts ? contacted(host, reading) : host;
  return {
    fault: rule.fault,
    upstream,
    upstreamKind: kind,
    counts: rule.counts,
    limited: rule.limited === true,
    transient: rule.transient,
    retryAfterMs: delayOf(rule, reading.text),
    answered: rule.answered === true,
    suspectedUpstream: rule.name === COMMAND_FAILED ? suspectedUpstream(reading) : null,
    sessionLost: rule.sessionLost === true,
    rule: rule.name,
    reason: rule.reason,
  };
}

function delayOf(rule: AttributionRule, text: string): number | null {
  if (rule.name === OWN_REJECTED) return rejectionInWords(text)?.retryAfterMs ?? null;
  return rule.limited === true ? readRetryAfter(text) : null;
}

/**
 * Replaces `docker.io` with `registry-1.docker.io`, the host that the engine contacts for Docker Hub.
 *
 * Applies only to a GraphQL error with a path, because its host comes from the requested image. In other
 * texts, the host stays as printed.
 */
function contacted(host: string | null, reading: Reading): string | null {
  return host === "docker.io" && reading.facts.path.length > 0 ? "registry-1.docker.io" : host;
}

function kindOf(rule: AttributionRule, reading: Reading): UpstreamKind | null {
  const { use } = reading;
  if (rule.fault === "registry" || rule.fault === "git" || rule.fault === "http") return rule.fault;
  return use === "registry" || use === "git" || use === "http" ? use : null;
}

/**
 * Returns the only host of this kind in the request. Returns null for several hosts, because any of them may
 * be at fault.
 */
function hostOfQuery(
  kind: UpstreamKind | null,
  reading: Reading,
  context: ReadContext,
): string | null {
  return kind === null ? null : context.hosts.only(kind, reading.facts.path.at(-1));
}
