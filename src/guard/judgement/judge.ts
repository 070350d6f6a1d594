/**
 * Judges a call: turns its facts into one outcome for each breaker. The rules do no I/O. They are the same
 * for requests, whole commands and the opening of sessions. You can judge a call before its spans have
 * arrived, and again with the spans. Each permit keeps its first outcome.
 */

import { COMMAND_FAILED, type Failure, ID_UNKNOWN } from "../../attribution/failure.js";
import { breakerName, isHelperHost, mayStandIn } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";
import { ENGINE } from "../engine-name.js";
import type { CallFacts, Dependence, JudgedOutcome, JudgedOutcomes } from "./facts.js";
import { observedExchangesOf } from "./observed-exchanges.js";

/**
 * The shortest delay in an answer that is used, in milliseconds. Shorter delays are ignored, because rate
 * limits do not end so soon.
 */
const MIN_STATED_DELAY_MS = 1000;

/** The facts about a call of which nothing is known. */
export const NO_FACTS: CallFacts = {
  failures: [],
  wordsReach: "answer",
  engineAnswered: false,
  upstreams: new Map(),
  proven: new Set(),
  likely: new Set(),
  exchanges: null,
  isCut: false,
  namesUpstreams: true,
  inferred: null,
  needs: [],
  rateLimitOpenMs: 0,
};

const IGNORED: JudgedOutcome = { kind: "ignored" };
const RELEASED: JudgedOutcome = { kind: "released" };

/** Returns the outcome of a call for the engine, and for each upstream whose outcome is known so far. */
export function judge(facts: CallFacts): JudgedOutcomes {
  const outcomes = new Map<string, JudgedOutcome>([[ENGINE, engineOutcome(facts)]]);
  const { exchanges, isCut } = facts;
  // Take a shortcut for most requests, which succeed and prove nothing about their upstreams.
  if (exchanges === null && facts.failures.length === 0 && provesNothing(facts)) {
    for (const name of facts.upstreams.keys()) outcomes.set(name, RELEASED);
    return outcomes;
  }
  const seen = believed(facts);
  const upstreams = dependenciesOf(facts);
  if (!isCut) addBlamed(outcomes, facts, upstreams, seen);
  if (exchanges === "pending") return outcomes;
  if (isCut) addHanging(outcomes, facts, seen);
  else addOthers(outcomes, facts, upstreams, exchanges === null ? null : seen);
  for (const name of upstreams.keys()) if (!outcomes.has(name)) outcomes.set(name, RELEASED);
  return outcomes;
}

function provesNothing({ proven, likely }: CallFacts): boolean {
  return proven.size === 0 && likely.size === 0;
}

/**
 * Returns the upstreams of a call. For a command, they include hosts in its output, because only the output
 * shows what the command used. If such a host acted for an upstream, such as a CDN for its registry, the
 * upstream counts instead.
 */
export function dependenciesOf(facts: CallFacts): ReadonlyMap<string, Dependence> {
  const { failures, upstreams, wordsReach } = facts;
  if (wordsReach === "answer" || wordsReach === "needs") return upstreams;
  const all = new Map(upstreams);
  for (const failure of failures) {
    const { upstreamKind: kind, upstream: host, counts, answered } = failure;
    if (kind === null || host === null || !(counts || answered)) continue;
    if (concerned(failure, upstreams) !== undefined) continue;
    const own = breakerName(kind, host);
    const seen = believed(facts).find((one) => breakerName(one.kind, one.host) === own);
    all.set(breakerName(kind, seen?.servesHost ?? host), { onlyDeclared: false });
  }
  return all;
}

/**
 * Returns the outcome for the engine. An answer without a fault of the engine is a success of the engine. A
 * fault that does not count, such as a bug with only this query, proves nothing. A cancellation proves
 * nothing either.
 */
function engineOutcome(facts: CallFacts): JudgedOutcome {
  const { failures, engineAnswered } = facts;
  const isLocal = isKeptLocal(ENGINE, facts, []);
  const counted = failures.find(({ fault, counts }) => fault === ENGINE && counts);
  if (counted !== undefined) {
    return { kind: "failure", cause: { failure: counted }, detail: delayOf(counted), isLocal };
  }
  if (!engineAnswered || failures.some(saysNothing)) return IGNORED;
  return { kind: "success", durationMs: undefined, isLocal };
}

function saysNothing({ fault, rule }: Failure): boolean {
  return fault === ENGINE || fault === "cancelled" || rule === ID_UNKNOWN;
}

/** Adds the failures of upstreams. If an upstream has several failures, the worst failure counts. */
function addBlamed(
  outcomes: Map<string, JudgedOutcome>,
  facts: CallFacts,
  upstreams: ReadonlyMap<string, Dependence>,
  seen: readonly Evidence[],
): void {
  const worst = new Map<string, Failure>();
  for (const failure of facts.failures) {
    const name = concerned(failure, upstreams);
    if (name === undefined) continue;
    if (weight(failure) > weight(worst.get(name))) worst.set(name, failure);
  }
  for (const [name, failure] of worst) {
    const detail = failure.limited ? limitDetail(failure, facts.rateLimitOpenMs) : delayOf(failure);
    const isLocal = isKeptLocal(name, facts, seen);
    outcomes.set(name, { kind: "failure", cause: { failure }, detail, isLocal });
  }
}

/**
 * Adds the outcomes of upstreams that are not at fault, and of hosts that only spans show. If the spans
 * show no exchange with an upstream, the success of the call does not prove that the upstream answered.
 */
function addOthers(
  outcomes: Map<string, JudgedOutcome>,
  facts: CallFacts,
  upstreams: ReadonlyMap<string, Dependence>,
  seen: readonly Evidence[] | null,
): void {
  const { failures, proven } = facts;
  const answered = new Set(seen === null ? proven : []);
  const doubtful = new Set<string>();
  for (const failure of failures) {
    const name = concerned(failure, upstreams);
    if (name === undefined) continue;
    if (provesAnswer(failure, name, upstreams)) answered.add(name);
    if (leavesInDoubt(failure)) doubtful.add(name);
  }
  const observed: Map<string, Evidence> =
    seen === null ? new Map() : observedExchangesOf(seen, failures, upstreams);
  for (const name of doubtful) {
    if (observed.get(name)?.outcome === "answered") observed.delete(name);
    answered.delete(name);
  }
  for (const [name, exchange] of observed) {
    if (!outcomes.has(name)) outcomes.set(name, outcomeOf(exchange, facts));
  }
  for (const name of answered) {
    if (outcomes.has(name) || !upstreams.has(name)) continue;
    const isLocal = isKeptLocal(name, facts, seen ?? []);
    outcomes.set(name, succeeded(isLocal));
  }
  const likely = seen === null ? facts.likely : [];
  for (const name of likely) {
    if (!outcomes.has(name) && !doubtful.has(name)) outcomes.set(name, succeeded(true));
  }
}

/**
 * Returns a success with duration 0. The call may have run tests for an hour after its pull, so the call's
 * duration shows nothing about the upstream.
 */
function succeeded(isLocal: boolean): JudgedOutcome {
  return { kind: "success", durationMs: 0, isLocal };
}

/**
 * Adds the failures of hosts with an exchange that hung until the timeout. An upstream without such an
 * exchange is not at fault. If the call names its upstreams, only these upstreams count.
 */
function addHanging(
  outcomes: Map<string, JudgedOutcome>,
  facts: CallFacts,
  seen: readonly Evidence[],
): void {
  for (const exchange of seen) {
    if (exchange.outcome !== "failed" || exchange.forgeable) continue;
    const name = breakerName(exchange.kind, exchange.servesHost);
    if (facts.namesUpstreams && facts.upstreams.get(name)?.onlyDeclared !== false) continue;
    if (!outcomes.has(name)) outcomes.set(name, outcomeOf(exchange, facts));
  }
}

/**
 * Returns the outcome of an exchange for its host. A failure that code in a container can forge counts as
 * one failure, in this process only.
 */
function outcomeOf(exchange: Evidence, { rateLimitOpenMs }: CallFacts): JudgedOutcome {
  const { outcome, durationMs, forgeable } = exchange;
  if (outcome === "answered") {
    return { kind: "success", durationMs: forgeable ? 0 : durationMs, isLocal: false };
  }
  const openNow = outcome === "limited" && !forgeable;
  const detail = openNow ? { openNow, retryAfterMs: rateLimitOpenMs } : {};
  return { kind: "failure", cause: { exchange }, detail, isLocal: forgeable };
}

/**
 * Returns the exchanges that count. If another program ran `dagger`, a failed exchange counts only if no
 * container could have forged its span.
 */
function believed({ wordsReach, exchanges }: CallFacts): readonly Evidence[] {
  if (exchanges === "pending" || exchanges === null) return [];
  if (wordsReach === "answer" || wordsReach === "store") return exchanges;
  return exchanges.filter(({ outcome, forgeable }) => outcome === "answered" || !forgeable);
}

/**
 * Returns whether a message about an upstream counts in this process only. There are two such cases: a
 * program other than `dagger` printed the message, or only the command line names the host. The message
 * counts everywhere if the option `needs` names the upstream, or if a span shows the failure.
 */
function isKeptLocal(name: string, facts: CallFacts, seen: readonly Evidence[]): boolean {
  const isTrusted = facts.wordsReach === "answer" || facts.wordsReach === "store";
  if (isTrusted && facts.inferred !== name) return false;
  if (facts.needs.includes(name)) return false;
  return !seen.some(
    ({ kind, host, servesHost, outcome, forgeable }) =>
      outcome !== "answered" &&
      !forgeable &&
      (breakerName(kind, host) === name || breakerName(kind, servesHost) === name),
  );
}

/**
 * Returns whether an upstream has a fault that is not an outage, such as a login page instead of a
 * manifest. Then even a completed exchange does not prove that the upstream works.
 */
function leavesInDoubt({ fault, upstreamKind, counts }: Failure): boolean {
  return fault === upstreamKind && !counts;
}

/**
 * Returns the weight of a failure: 2 for an outage, 1 for a rate limit, 0 for a failure that does not
 * count.
 */
function weight(failure: Failure | undefined): number {
  if (failure === undefined || !failure.counts) return 0;
  return failure.limited ? 1 : 2;
}

function limitDetail(failure: Failure, rateLimitOpenMs: number): FailureDetail {
  const { retryAfterMs = 0 } = delayOf(failure);
  const stated = retryAfterMs >= MIN_STATED_DELAY_MS;
  return { openNow: true, retryAfterMs: stated ? retryAfterMs : rateLimitOpenMs };
}

function delayOf({ retryAfterMs }: Failure): { readonly retryAfterMs?: number } {
  return retryAfterMs === null ? {} : { retryAfterMs };
}

/**
 * Returns the upstream of the call to which a failure belongs. Usually it is the host that the failure
 * names. A failure may name no host, or only a helper such as a CDN or a proxy. Then it belongs to the
 * call's only upstream of that kind. Undefined if there is no such upstream.
 */
export function concerned(
  failure: Failure,
  upstreams: ReadonlyMap<string, unknown>,
): string | undefined {
  const { upstreamKind: kind, upstream: host } = failure;
  if (kind === null) return undefined;
  if (host !== null) {
    const named = breakerName(kind, host);
    if (upstreams.has(named)) return named;
    if (!mayStandIn(kind, host)) return undefined;
  }
  const sameKind = [...upstreams.keys()].filter((name) => name.startsWith(`${kind}:`));
  return sameKind.length === 1 ? sameKind[0] : undefined;
}

/**
 * Returns whether a failure shows that the upstream itself answered. An answer of a CDN or a token server
 * does not show this. A failure without a host does not show it either, if only the option `needs` names
 * the upstream.
 */
function provesAnswer(
  failure: Failure,
  name: string,
  upstreams: ReadonlyMap<string, Dependence>,
): boolean {
  const { answered, upstreamKind: kind, upstream: host } = failure;
  if (!answered || kind === null) return false;
  if (host === null) return upstreams.get(name)?.onlyDeclared === false;
  return breakerName(kind, host) === name && !isHelperHost(host);
}

/** Returns whether a request did everything it names, at least up to a failed command. */
export function onlyCommandsFailed(failures: readonly Failure[]): boolean {
  return failures.every(({ rule }) => rule === COMMAND_FAILED);
}
