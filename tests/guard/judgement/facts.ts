/** The facts of an ended call that a judge needs, and its outcomes. */

import type { Failure, UpstreamKind } from "../../../src/attribution/failure.js";
import type { Evidence } from "../../../src/attribution/spans/evidence.js";
import type { WordsReach } from "../../../src/guard/judgement/facts.js";

/** The kinds of calls: a request of a session, a whole command, or the opening of a session. */
export type Call = "request" | "command" | "connect";

/** The end of a call. */
export type End =
  /** An answer, or a command's own end, with the failures read from it. */
  | { readonly kind: "answered"; readonly failures: readonly Failure[] }
  /** An error instead of an answer. */
  | { readonly kind: "error"; readonly failure: Failure }
  /** A limit of ours. The engine then still answers with its version, or is silent. */
  | { readonly kind: "limit"; readonly engine: "answers" | "silent" }
  /** The caller left. */
  | { readonly kind: "left" }
  /** The call was not made. */
  | { readonly kind: "not made" };

/** An upstream of the call. */
export interface Upstream {
  readonly name: string;
  /** Whether the request names it or quotes an id of it. A command only declares its needs. */
  readonly named: boolean;
  /** Whether its breaker was asked before. */
  readonly gated: boolean;
  /**
   * The proof in a success. `"whole"`: only when nothing failed. `"before"`: even if a command failed after
   * it. `"tag"`: unless the engine takes digests from lock files. `"again"`: an image that failed in the
   * current outage.
   */
  readonly proven: "whole" | "before" | "tag" | "again" | "nothing";
  /** The state of its circuit when the call is over. */
  readonly state: "closed" | "half-open";
}

export interface Facts {
  readonly end: End;
  readonly upstreams: readonly Upstream[];
  /** The engine's observed exchanges; undefined without spans. */
  readonly exchanges: readonly Evidence[] | undefined;
  readonly readsLocks: boolean;
  /** Of a command: whether an engine worked for it. */
  readonly engineWorked: boolean;
  /** Of a command: how far its output counts. */
  readonly reach: WordsReach;
  /** The user's `--needs`. */
  readonly needs: readonly string[];
  /** Of a command: whether it opened sessions, whose requests were the calls. */
  readonly hadSessions: boolean;
  /** Of a command: the breaker of the host that only its command line names. */
  readonly inferred: string | null;
}

/**
 * One outcome for each breaker, by name: `success`, `failure`, `ignored` or `released`. A failure
 * may open at once (`opens`) or have a delay. `here` means that other processes do not receive it.
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

/** Returns a failure with the given facts; the rest is unknown. */
export function failure(given: Partial<Failure> = {}): Failure {
  return { ...UNKNOWN, ...given };
}

/** Returns a failure of a host. Default: it counts. */
export function ofHost(
  upstream: string | null,
  given: Partial<Failure> = {},
  kind: UpstreamKind = "registry",
): Failure {
  return failure({ fault: kind, upstreamKind: kind, upstream, counts: true, ...given });
}

/** Returns an exchange with a host, as in spans. */
export function exchange(
  host: string,
  outcome: Evidence["outcome"],
  given: Partial<Evidence> = {},
): Evidence {
  const status = outcome === "answered" ? 200 : outcome === "limited" ? 429 : 503;
  const common = { kind: "registry", servesHost: host, forgeable: false } as const;
  return { ...common, host, outcome, status, at: 0, durationMs: 40, requestId: "1", ...given };
}

/** Returns a registry that the request names and asked for, and that a whole success proves. */
export function upstream(given: Partial<Upstream> = {}): Upstream {
  return { name: HUB, named: true, gated: true, proven: "whole", state: "closed", ...given };
}

/** Returns facts, with defaults for the missing ones. */
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

/** Returns the facts of a call that was answered with these failures. */
export function answered(failures: readonly Failure[], given: Partial<Facts> = {}): Facts {
  return facts({ end: { kind: "answered", failures }, ...given });
}
