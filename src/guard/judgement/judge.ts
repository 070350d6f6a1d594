/**
 * Judges a call: turns its facts into one outcome for each breaker. It does no I/O and is the same for
 * requests, whole commands and the opening of sessions. You can call it before the spans of a call have
 * arrived, and again with them. Each permit keeps its first outcome.
 */

import { COMMAND_FAILED, type Failure, ID_UNKNOWN } from "../../attribution/failure.js";
import { breakerName, isHelperHost, mayStandIn } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";
import { ENGINE } from "../engine-name.js";
import type { CallFacts, Dependence, JudgedOutcome, JudgedOutcomes } from "./facts.js";
import { observedExchangesOf } from "./observed-exchanges.js";

/** The shortest delay in an answer that is used. Rate limits do not end sooner, so a shorter one is ignored. */
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
  // A shortcut for most requests: they succeed and prove nothing about their upstreams.
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
 * Returns the upstreams of a call. For a command they include the host in its output, because it shows only
 * at its end what it used. If that host acted for another one, such as a CDN for its registry, the other
 * one counts.
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
 * Returns the outcome for the engine. An answer is a success of the engine if it reports no fault of the
 * engine. A fault that does not count, such as a bug with only this query, proves nothing. Neither does a
 * cancellation.
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

/** Adds failures of upstreams. If an upstream has several failures, the worst counts. */
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
 * Adds the upstreams that are not at fault, and hosts that only spans show. If spans arrived and show no
 * exchange with an upstream, the success of the call does not prove that it answered.
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
 * Returns a success of duration 0: the call may have run tests for an hour after its pull, so its own
 * duration shows nothing about the upstream.
 */
function succeeded(isLocal: boolean): JudgedOutcome {
  return { kind: "success", durationMs: 0, isLocal };
}

/**
 * Adds failures of hosts whose exchange hung until our timeout. An upstream without such an exchange is not
 * at fault. If the call names its upstreams, only those count.
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
 * Returns what an exchange means for its host. An exchange that code in a container can forge counts as one
 * failure in this process only.
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
 * Returns the exchanges that count. For a program that only contains `dagger`, a failure counts only if no
 * container could have forged its span.
 */
function believed({ wordsReach, exchanges }: CallFacts): readonly Evidence[] {
  if (exchanges === "pending" || exchanges === null) return [];
  if (wordsReach === "answer" || wordsReach === "store") return exchanges;
  return exchanges.filter(({ outcome, forgeable }) => outcome === "answered" || !forgeable);
}

/**
 * Returns whether a message about an upstream counts in this process only. It does if another program than
 * `dagger` printed it, or if the host is known only from the command line. It does not if the user declared
 * the upstream, or if a span shows the failure.
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
 * manifest. Then even a completed exchange does not prove that it works.
 */
function leavesInDoubt({ fault, upstreamKind, counts }: Failure): boolean {
  return fault === upstreamKind && !counts;
}

/** Orders failures of one upstream: 2 for a failure, 1 for a rate limit, 0 for one that does not count. */
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
 * Returns the upstream of the call that a failure is about: the one that it names. If it names another
 * host, such as a CDN or a proxy, or no host, it is the call's only upstream of that kind.
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
 * Returns whether a failure shows that the upstream itself answered. An answer of a CDN or token server
 * does not show it. Neither does a failure without a host, if the upstream was only declared.
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

/** Returns whether a request did all that it names, or at least all before a command that failed. */
export function onlyCommandsFailed(failures: readonly Failure[]): boolean {
  return failures.every(({ rule }) => rule === COMMAND_FAILED);
}
