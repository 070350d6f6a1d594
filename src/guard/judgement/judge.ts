/**
 * Judges a call: from what is known of it to one outcome for each breaker. A pure function, the same for
 * requests, whole commands and the opening of sessions. It may be asked before the spans of a call have
 * come and again with them: the first outcome of a breaker stands.
 */

import { COMMAND_FAILED, type Failure, ID_UNKNOWN } from "../../attribution/failure.js";
import { breakerName, isHelperHost, mayStandIn } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";
import { ENGINE } from "../guard-options.js";
import type { CallFacts, Dependence, JudgedOutcome, JudgedOutcomes } from "./facts.js";
import { testimonyOf } from "./testimony.js";

/** Shorter delays are passed over: no rate limit is over that soon. */
const MIN_STATED_DELAY_MS = 1000;

/** What is known of a call of which nothing is known. */
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

/** Returns the outcome of a call for the engine and for each upstream of which something can be said yet. */
export function judge(facts: CallFacts): JudgedOutcomes {
  const outcomes = new Map<string, JudgedOutcome>([[ENGINE, engineOutcome(facts)]]);
  const { exchanges, isCut } = facts;
  // Most requests of a pipeline work, and show nothing new of what they name.
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
 * Returns what a call depends on, with the host that its words name: a command tells only at its end
 * what it depends on. A host that the engine asked in the name of another stands for that one.
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
 * An answer that does not fault the engine is its success, whatever else failed in it. A fault of the
 * engine that does not count, such as a bug that only this query meets, and a cancellation say nothing.
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

/** Adds the upstreams that failures blame. Of several failures of one, the worst counts. */
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
 * Adds the upstreams that no failure blames, and the unlisted hosts that spans show. Spans decide, and
 * where they came without an exchange, that the call worked proves nothing.
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
  const testimony: Map<string, Evidence> =
    seen === null ? new Map() : testimonyOf(seen, failures, upstreams);
  for (const name of doubtful) {
    if (testimony.get(name)?.outcome === "answered") testimony.delete(name);
    answered.delete(name);
  }
  for (const [name, exchange] of testimony) {
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

/** A pull may be followed by an hour of tests: only spans tell how long the exchange took. */
function succeeded(isLocal: boolean): JudgedOutcome {
  return { kind: "success", durationMs: 0, isLocal };
}

/**
 * Adds the hosts with which the engine itself had an exchange that hung until our timeout. No upstream is
 * blamed merely because the call depends on it, and of a call that names its upstreams none but those.
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

/** Returns what an exchange means for its host. What code in a container can have sent is one local failure. */
function outcomeOf(exchange: Evidence, { rateLimitOpenMs }: CallFacts): JudgedOutcome {
  const { outcome, durationMs, forgeable } = exchange;
  if (outcome === "answered") {
    return { kind: "success", durationMs: forgeable ? 0 : durationMs, isLocal: false };
  }
  const openNow = outcome === "limited" && !forgeable;
  const detail = openNow ? { openNow, retryAfterMs: rateLimitOpenMs } : {};
  return { kind: "failure", cause: { exchange }, detail, isLocal: forgeable };
}

/** Of another program than dagger only what the engine itself sent is believed of failures. */
function believed({ wordsReach, exchanges }: CallFacts): readonly Evidence[] {
  if (exchanges === "pending" || exchanges === null) return [];
  if (wordsReach === "answer" || wordsReach === "store") return exchanges;
  return exchanges.filter(({ outcome, forgeable }) => outcome === "answered" || !forgeable);
}

/**
 * Returns whether what words tell of an upstream counts in this process alone: they are those of another
 * program than dagger, or do not name it; the user has not declared the upstream, and no span shows that it failed.
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
 * Whether something is wrong with the upstream that is no outage, such as a login page in place of a
 * manifest: that exchanges came to an end does not prove then that it is well.
 */
function leavesInDoubt({ fault, upstreamKind, counts }: Failure): boolean {
  return fault === upstreamKind && !counts;
}

/** Failed beats limited; what does not count weighs nothing. */
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
 * Returns the upstream of the call that a failure is about: the one it names, else the only one of its
 * kind, since a CDN, a token server or a proxy stands in for it; never one that only the message names.
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
 * Returns whether a failure shows that the upstream itself answered. What stands in for it does not, nor
 * does an answer without a host prove what was only declared: it may be another host's.
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

/** Returns whether a request did all it names, or at least all before a command that failed. */
export function onlyCommandsFailed(failures: readonly Failure[]): boolean {
  return failures.every(({ rule }) => rule === COMMAND_FAILED);
}
