/** The facts of a call that is over, as far as a judge needs them, and the outcomes that it gives. */

import type { Failure, UpstreamKind } from "../../../src/attribution/failure.js";
import type { Evidence } from "../../../src/attribution/spans/evidence.js";
import type { WordsReach } from "../../../src/guard/judgement/facts.js";

/** What a guard judges: a request of a session, a whole command, or the opening of a session. */
export type Call = "request" | "command" | "connect";

/** How a call ended. */
export type End =
  /** By an answer, or a command by itself, with the failures that were read of it. */
  | { readonly kind: "answered"; readonly failures: readonly Failure[] }
  /** By an error that came instead of an answer. */
  | { readonly kind: "error"; readonly failure: Failure }
  /** By a limit of ours. The engine still tells its version then, or does not. */
  | { readonly kind: "limit"; readonly engine: "answers" | "silent" }
  /** The caller left. */
  | { readonly kind: "left" }
  /** It was not made after all. */
  | { readonly kind: "not made" };

/** One upstream that the call depends on. */
export interface Upstream {
  readonly name: string;
  /** Whether the request names it or quotes an id of it. A command only declares what it needs. */
  readonly named: boolean;
  /** Whether its breaker was asked before. */
  readonly gated: boolean;
  /**
   * What a success shows of it: `"whole"` only when nothing failed, `"before"` also where a command
   * failed after it, `"tag"` unless the engine takes digests from lock files, `"again"` an image of it
   * that failed in the present outage.
   */
  readonly proven: "whole" | "before" | "tag" | "again" | "nothing";
  /** How its circuit stands when the call is over. */
  readonly state: "closed" | "half-open";
}

export interface Facts {
  readonly end: End;
  readonly upstreams: readonly Upstream[];
  /** What the engine's spans show; undefined without spans. */
  readonly exchanges: readonly Evidence[] | undefined;
  readonly readsLocks: boolean;
  /** Of a command: whether an engine has worked for it. */
  readonly engineWorked: boolean;
  /** Of a command: how far its words count. */
  readonly reach: WordsReach;
  /** What the user has declared with `--needs`. */
  readonly needs: readonly string[];
  /** Of a command: whether it opened sessions, whose requests were the calls. */
  readonly hadSessions: boolean;
  /** Of a command: the breaker of the host that its command line alone names. */
  readonly inferred: string | null;
}

/**
 * One outcome for each breaker, by name: `success`, `failure`, `ignored` or `released`. A failure may
 * open at once (`opens`) or state a delay; `here` says that other processes do not hear of it.
 */
export type Outcomes = Readonly<Record<string, string>>;

export const HUB = "registry:docker.io";
export const GHCR = "registry:ghcr.io";

const UNKNOWN: Failure = {
  fault: "unknown",
  upstream: null,
  upstreamKind: null,
  counts: false,
  limited: false,
  transient: false,
  retryAfterMs: null,
  answered: false,
  suspectedUpstream: null,
  sessionLost: false,
  rule: "unknown",
  reason: "a failure of the table",
};

/** A failure, of which nothing is known but what is given. */
export function failure(given: Partial<Failure> = {}): Failure {
  return { ...UNKNOWN, ...given };
}

/** A failure of a host. It counts unless told otherwise. */
export function ofHost(
  upstream: string | null,
  given: Partial<Failure> = {},
  kind: UpstreamKind = "registry",
): Failure {
  return failure({ fault: kind, upstreamKind: kind, upstream, counts: true, ...given });
}

/** An exchange with a host, as spans show it. */
export function exchange(
  host: string,
  outcome: Evidence["outcome"],
  given: Partial<Evidence> = {},
): Evidence {
  const status = outcome === "answered" ? 200 : outcome === "limited" ? 429 : 503;
  const common = { kind: "registry", servesHost: host, forgeable: false } as const;
  return { ...common, host, outcome, status, at: 0, durationMs: 40, requestId: "1", ...given };
}

/** A registry that the request names, that was asked for, and that a whole success proves. */
export function upstream(given: Partial<Upstream> = {}): Upstream {
  return { name: HUB, named: true, gated: true, proven: "whole", state: "closed", ...given };
}

/** Facts, of which those that are not given are the usual ones. */
export function facts(given: Partial<Facts> = {}): Facts {
  return {
    end: { kind: "answered", failures: [] },
    upstreams: [upstream()],
    exchanges: undefined,
    readsLocks: false,
    engineWorked: true,
    reach: "store",
    needs: [],
    hadSessions: false,
    inferred: null,
    ...given,
  };
}

/** The facts of a call that was answered with these failures. */
export function answered(failures: readonly Failure[], given: Partial<Facts> = {}): Facts {
  return facts({ end: { kind: "answered", failures }, ...given });
}
