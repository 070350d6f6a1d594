/** What an answer, or the lack of one, means for the breakers that its request depends on. */

import { COMMAND_FAILED, type Failure, ID_UNKNOWN } from "../../attribution/failure.js";
import { breakerName, isHelperHost, mayStandIn } from "../../attribution/hosts.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { CircuitState } from "../../breaker/circuit-state.js";
import type { CallPermit, FailureDetail } from "../../breaker/permit.js";
import { recordOf, recordOfEvidence } from "./failure-record.js";
import { type Testimony, testimonyOf } from "./testimony.js";

/** An upstream of one request on its way. */
export interface UpstreamInFlight {
  readonly breaker: CircuitBreaker;
  /** Takes the outcome; one that was gated holds a right to the call. */
  readonly permit: CallPermit;
  readonly isGated: boolean;
  /** Whether it was only declared: the request itself neither names it nor quotes an id of it. */
  readonly onlyDeclared: boolean;
}

/** The upstreams of one request on their way, by the names of their breakers. */
export type UpstreamsInFlight = ReadonlyMap<string, UpstreamInFlight>;

/** A delay shorter than this is none: rate limits are not over in less. */
const MIN_STATED_DELAY_MS = 1000;

/**
 * Settles the permit of the engine by the failures that an answer holds. An answer that does not
 * fault the engine is its success, whatever else failed in it; a fault of the engine that does not
 * count, such as a bug that only this query meets, and what somebody cancelled say nothing.
 */
export function settleEngineByAnswer(permit: CallPermit, failures: readonly Failure[]): void {
  const counted = failures.find(countsAgainstEngine);
  if (counted !== undefined) failEngine(permit, counted);
  else if (failures.some(saysNothing)) permit.ignore();
  else permit.success();
}

/** Settles the permit of the engine by an error that came instead of an answer. */
export function settleEngineByError(permit: CallPermit, failure: Failure, error: unknown): void {
  if (countsAgainstEngine(failure)) failEngine(permit, failure, error);
  else permit.ignore();
}

/** Whether a request did all it names, or at least all before a command that failed. */
export function onlyCommandsFailed(failures: readonly Failure[]): boolean {
  return failures.every(({ rule }) => rule === COMMAND_FAILED);
}

/** What a request that worked says of its upstreams where no spans tell more. */
export interface Proofs {
  /** The upstreams that its answer shows to have answered, unless something else is known of them. */
  readonly proven: ReadonlySet<string>;
  /**
   * Those that it shows to have answered unless the engine took a tag from a lock file that we do not see.
   * While a circuit is closed such a success stands against its failures; it closes none.
   */
  readonly likely: ReadonlySet<string>;
}

const NO_TESTIMONY: Testimony = new Map();
const NO_NAMES: ReadonlySet<string> = new Set();

/** A request that did not work, and a command, show nothing. */
export const NO_PROOFS: Proofs = { proven: NO_NAMES, likely: NO_NAMES };

/** What is known of the upstreams of a request once it is over. */
export interface Findings extends Proofs {
  /** The failures that its answer holds. */
  readonly failures: readonly Failure[];
  /** The upstreams that are settled already, by what their answer blames them for. */
  readonly blamed: ReadonlySet<string>;
  /** What its spans show; undefined without spans. */
  readonly evidence: readonly Evidence[] | undefined;
  readonly rateLimitOpenMs: number;
}

/**
 * Settles the upstreams that an answer blames, which needs no witness: a rate limit must be known
 * before the next request asks. Of several failures of one the worst counts.
 *
 * @returns Their names, for the settlement of the others.
 */
export function settleBlamed(
  upstreams: UpstreamsInFlight,
  failures: readonly Failure[],
  rateLimitOpenMs: number,
): ReadonlySet<string> {
  if (failures.length === 0 || upstreams.size === 0) return NO_NAMES;
  const worst = new Map<string, Failure>();
  for (const failure of failures) {
    const name = concerned(failure, upstreams);
    if (name === undefined) continue;
    if (weight(failure) > weight(worst.get(name))) worst.set(name, failure);
  }
  for (const [name, failure] of worst) {
    const { permit } = upstreams.get(name) as UpstreamInFlight;
    failUpstream(permit, failure, rateLimitOpenMs);
  }
  return new Set(worst.keys());
}

/**
 * Settles the upstreams of a request that its answer does not blame: each gets one outcome. Spans
 * tell it, and where they came without an exchange, that the request worked proves nothing. An
 * upstream of which nothing is known is released: nothing is counted.
 *
 * @returns What spans tell of hosts that the request does not depend on, as far as we knew.
 */
export function settleOthers(upstreams: UpstreamsInFlight, findings: Findings): Testimony {
  const { failures, blamed, proven, likely, evidence, rateLimitOpenMs } = findings;
  if (upstreams.size === 0 && evidence === undefined) return NO_TESTIMONY;
  const answered = new Set(evidence === undefined ? proven : []);
  const doubtful = new Set<string>();
  for (const failure of failures) {
    const name = concerned(failure, upstreams);
    if (name === undefined) continue;
    if (provesAnswer(failure, name, upstreams)) answered.add(name);
    if (leavesInDoubt(failure)) doubtful.add(name);
  }
  const testimony = new Map(testimonyOf(evidence ?? [], failures, (name) => upstreams.has(name)));
  for (const [name, { breaker, permit }] of upstreams) {
    const seen = testimony.get(name);
    testimony.delete(name);
    if (blamed.has(name)) continue;
    if (doubtful.has(name) && seen?.outcome !== "failed" && seen?.outcome !== "limited") {
      permit.release();
    } else if (seen !== undefined) settleBySpans(permit, seen, rateLimitOpenMs);
    else if (answered.has(name)) succeed(permit);
    else if (evidence === undefined && likely.has(name) && breaker.state === CircuitState.Closed) {
      permit.keepLocal();
      succeed(permit);
    } else permit.release();
  }
  return testimony;
}

/** Settles an upstream by what spans show of it. */
export function settleBySpans(
  permit: CallPermit,
  evidence: Evidence,
  rateLimitOpenMs: number,
): void {
  const { outcome, durationMs, forgeable } = evidence;
  if (outcome === "answered") {
    succeed(permit, forgeable ? 0 : durationMs);
    return;
  }
  const openNow = outcome === "limited" && !forgeable;
  // What a function can have made up is one failure of this process, and of nobody else.
  if (forgeable) permit.keepLocal();
  permit.failure(
    recordOfEvidence(evidence),
    openNow ? { openNow, retryAfterMs: rateLimitOpenMs } : {},
  );
}

/** Gives the permits of upstreams back: nothing is known of them. */
export function releaseUpstreams(upstreams: UpstreamsInFlight): void {
  for (const { permit } of upstreams.values()) permit.release();
}

/**
 * Which upstream of the request a failure is about: the one it names, else the only one of its kind,
 * since a CDN, a token server or a proxy stands in for it; never one that only the message names.
 */
export function concerned(failure: Failure, upstreams: UpstreamsInFlight): string | undefined {
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
 * Whether a failure shows that the upstream itself answered. What stands in for it does not, nor
 * does an answer without a host prove what was only declared: it may be another host's.
 */
function provesAnswer(
  { answered, upstreamKind: kind, upstream: host }: Failure,
  name: string,
  upstreams: UpstreamsInFlight,
): boolean {
  if (!answered || kind === null) return false;
  if (host === null) return upstreams.get(name)?.onlyDeclared === false;
  return breakerName(kind, host) === name && !isHelperHost(host);
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

function failUpstream(permit: CallPermit, failure: Failure, rateLimitOpenMs: number): void {
  const detail = failure.limited ? limitDetail(failure, rateLimitOpenMs) : delayOf(failure);
  permit.failure(recordOf(failure), detail);
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
 * The time that the request took says nothing of the upstream: a pull may be followed by an hour of
 * tests. Only spans tell how long the exchange took; without them it is not slow.
 */
function succeed(permit: CallPermit, durationMs = 0): void {
  permit.success({ durationMs });
}

function countsAgainstEngine({ fault, counts }: Failure): boolean {
  return fault === "engine" && counts;
}

function saysNothing({ fault, rule }: Failure): boolean {
  return fault === "engine" || fault === "cancelled" || rule === ID_UNKNOWN;
}

function failEngine(permit: CallPermit, failure: Failure, error?: unknown): void {
  permit.failure(recordOf(failure, error), delayOf(failure));
}
