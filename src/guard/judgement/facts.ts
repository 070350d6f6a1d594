/** The facts from which a call's outcomes are judged, and those outcomes. Only types. */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";

/** How a call depends on an upstream. */
export interface Dependence {
  /** Whether it was only declared: the call itself neither names it nor quotes an id of it. */
  readonly onlyDeclared: boolean;
}

/**
 * The reach of words that name a host or a fault.
 *
 * - `"answer"`: an answer of the engine. It names no host that the request does not depend on.
 * - `"store"`: the output of dagger itself. It counts for all processes that share the circuits.
 * - `"run"`: the output of a Dagger front end inside another program. It counts in this process.
 * - `"needs"`: any other output. It counts for declared hosts only, because any program can print
 *   anything.
 */
export type WordsReach = "answer" | "store" | "run" | "needs";

/** The facts about a call: a request, a whole command, or the opening of a session. */
export interface CallFacts {
  /** The failures in an answer, an error, a command's words, or a timeout of ours. */
  readonly failures: readonly Failure[];
  readonly wordsReach: WordsReach;
  /** Whether the engine answered the call, or worked for the command. */
  readonly engineAnswered: boolean;
  /** The upstreams of the call, by the names of breakers; without the engine. */
  readonly upstreams: ReadonlyMap<string, Dependence>;
  /** The upstreams that answered according to the answer, if no spans were read. */
  readonly proven: ReadonlySet<string>;
  /**
   * Closed circuits of upstreams that answered according to the answer, unless the engine took a
   * tag from an unknown lock file. Such a success counts against failures in this process only.
   */
  readonly likely: ReadonlySet<string>;
  /** The exchanges in spans; `"pending"` while they may still arrive, null if none are read. */
  readonly exchanges: readonly Evidence[] | "pending" | null;
  /** Whether a timeout of ours ended the call: then only exchanges that hung matter. */
  readonly isCut: boolean;
  /** Whether the call itself names its upstreams, as a request does and a command does not. */
  readonly namesUpstreams: boolean;
  /**
   * The breaker of a host that only the command line names, but not words and spans: its outcome
   * counts in this process only.
   */
  readonly inferred: string | null;
  /** The names of breakers that the user declared: words about them count for all processes. */
  readonly needs: readonly string[];
  /** How long a rate limit without a stated time opens a circuit, in milliseconds. */
  readonly rateLimitOpenMs: number;
}

/** The source of a failure. */
export type FailureCause = { readonly failure: Failure } | { readonly exchange: Evidence };

/** The outcome of a call for one breaker. */
export type JudgedOutcome =
  | {
      readonly kind: "success";
      /** The duration of the exchange itself; undefined for that of the call. */
      readonly durationMs: number | undefined;
      readonly isLocal: boolean;
    }
  | {
      readonly kind: "failure";
      readonly cause: FailureCause;
      readonly detail: FailureDetail;
      /** Whether it counts in this process only, even if the circuit is shared. */
      readonly isLocal: boolean;
    }
  /** It proves nothing about the upstream. */
  | { readonly kind: "ignored" }
  /** Nothing is known, and nothing is counted. */
  | { readonly kind: "released" };

/** One outcome for each breaker, by name. */
export type JudgedOutcomes = ReadonlyMap<string, JudgedOutcome>;
