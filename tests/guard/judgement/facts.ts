/** Describes the facts of an ended call that a judge needs, and the outcomes. */

import type { Failure, UpstreamKind } from "../../../src/attribution/failure.js";
import type { Evidence } from "../../../src/attribution/spans/evidence.js";
import type { WordsReach } from "../../../src/guard/judgement/facts.js";

/** The kinds of calls: a request of a session, a whole command, or the opening of a session. */
export type Call = "request" | "command" | "connect";

/** How a call ended. */
export type End =
  /**
   * The call got an answer, or the command ended by itself. `failures` are read from the answer or the
   * output.
   */
  | { readonly kind: "answered"; readonly failures: readonly Failure[] }
  /** The call got an error instead of an answer. */
  | { readonly kind: "error"; readonly failure: Failure }
  /** Our own timeout ended the call. The engine is then asked for its version, and answers or is silent. */
  | { readonly kind: "limit"; readonly engine: "answers" | "silent" }
  /** The caller canceled the call. */
  | { readonly kind: "left" }
  /** The call was never made. */
  | { readonly kind: "not made" };

/** An upstream that the call depends on. */
export interface Upstream {
  readonly name: string;
  /**
   * Whether the request names the upstream, or an id that came from it. Always false for a command, which
   * only declares its needs.
   */
  readonly named: boolean;
  /** Whether the upstream's breaker admitted the call before it was made. */
  readonly gated: boolean;
  /**
   * When the success of a call proves that the upstream answered:
   *
   * - `"whole"`: when nothing in the call failed
   * - `"before"`: even when a command failed after the upstream was used
   * - `"tag"`: unless the engine takes digests from lock files
   * - `"again"`: when the image had failed in the present outage
   * - `"nothing"`: never
   */
  readonly proven: "whole" | "before" | "tag" | "again" | "nothing";
  /** The state of the upstream's circuit at the end of the call. */
  readonly state: "closed" | "half-open";
}

export interface Facts {
  readonly end: End;
  readonly upstreams: readonly Upstream[];
  /** The exchanges that the engine's spans show; undefined when there are no spans. */
  readonly exchanges: readonly Evidence[] | undefined;
  readonly readsLocks: boolean;
  /** Only for commands: whether an engine did any work. */
  readonly engineWorked: boolean;
  /** Only for commands: for which breakers the output counts. */
  readonly reach: WordsReach;
  /** The upstreams that the user declared with `--needs`. */
  readonly needs: readonly string[];
  /**
   * Only for commands: whether it opened sessions. Then the requests of the sessions are the calls, and the
   * command is not a call.
   */
  readonly hadSessions: boolean;
  /** Only for commands: the breaker of a host that appears only in the command line. */
  readonly inferred: string | null;
}

/**
 * The outcome for each breaker, by name: `success`, `failure`, `ignored` or `released`. A failure can open
 * the circuit at once (`opens`), and can have a delay. `here` marks an outcome that other processes do not
 * receive.
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

/** Returns a failure with the given facts. All other facts are unknown. */
export function failure(given: Partial<Failure> = {}): Failure {
  return { ...UNKNOWN, ...given };
}

/** Returns a failure of a host. By default it counts. */
export function ofHost(
  upstream: string | null,
  given: Partial<Failure> = {},
  kind: UpstreamKind = "registry",
): Failure {
  return failure({ fault: kind, upstreamKind: kind, upstream, counts: true, ...given });
}

/** Returns an exchange with a host, as read from spans. */
export function exchange(
  host: string,
  outcome: Evidence["outcome"],
  given: Partial<Evidence> = {},
): Evidence {
  const status = outcome === "answered" ? 200 : outcome === "limited" ? 429 : 503;
  const common = { kind: "registry", servesHost: host, forgeable: false } as const;
  return { ...common, host, outcome, status, at: 0, durationMs: 40, requestId: "1", ...given };
}

/**
 * Returns an upstream. By default it is Docker Hub, the request names it, and a call without failures
 * proves that it answered.
 */
export function upstream(given: Partial<Upstream> = {}): Upstream {
  return { name: HUB, named: true, gated: true, proven: "whole", state: "closed", ...given };
}

/** Returns the facts of a call. Missing facts get defaults. */
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

/** Returns the facts of a call whose answer contains these failures. */
export function answered(failures: readonly Failure[], given: Partial<Facts> = {}): Facts {
  return facts({ end: { kind: "answered", failures }, ...given });
}
