/** Types: the facts about a call, and the outcomes that they lead to. */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";

/** How a call depends on an upstream. */
export interface Dependence {
  /**
   * Whether the user declared it (`needs`), but the call itself neither names it nor uses an id of an
   * object from it.
   */
  readonly onlyDeclared: boolean;
}

/**
 * Where a message comes from, which decides how far its claims about a host count.
 *
 * - `"answer"`: an answer of the engine. Only hosts that the request depends on count.
 * - `"store"`: the output of `dagger` itself. It counts for all processes that share the circuits.
 * - `"run"`: the output of a Dagger front end inside another program. It counts in this process only.
 * - `"needs"`: any other output. It counts only for hosts in `needs`, because any program can print
 * anything.
 */
export type WordsReach = "answer" | "store" | "run" | "needs";

/** The facts about a call: a request, a whole command, or the opening of a session. */
export interface CallFacts {
  /** The failures found in an answer, an error or a command's output, or the failure of a timeout. */
  readonly failures: readonly Failure[];
  readonly wordsReach: WordsReach;
  /** Whether the engine answered the request, or did work for the command. */
  readonly engineAnswered: boolean;
  /** The upstreams of the call by breaker name, such as `registry:docker.io`. Without the engine. */
  readonly upstreams: ReadonlyMap<string, Dependence>;
  /** Upstreams that must have answered because the call succeeded. Used only if no spans were read. */
  readonly proven: ReadonlySet<string>;
  /**
   * Upstreams with closed circuits that have probably answered: the call succeeded, but the engine may have
   * taken a tag from a lock file that we do not know. Such a success counts in this process only.
   */
  readonly likely: ReadonlySet<string>;
  /** The exchanges in the engine's spans: `"pending"` while spans may still arrive, null if none are read. */
  readonly exchanges: readonly Evidence[] | "pending" | null;
  /** Whether a timeout of ours ended the call. Then only exchanges that hung count. */
  readonly isCut: boolean;
  /** Whether the call itself names its upstreams. A request does, a command does not. */
  readonly namesUpstreams: boolean;
  /**
   * The breaker of a host that only the command line names, but neither the output nor a span. Its outcome
   * counts in this process only.
   */
  readonly inferred: string | null;
  /** Breaker names in the option `needs`. A failure that a text reports for them is shared. */
  readonly needs: readonly string[];
  /** How long a rate limit opens a circuit if the answer states no delay, in milliseconds. */
  readonly rateLimitOpenMs: number;
}

/** Where a failure was seen: in a message, or in an exchange of the spans. */
export type FailureCause = { readonly failure: Failure } | { readonly exchange: Evidence };

/** The outcome of a call for one breaker. */
export type JudgedOutcome =
  | {
      readonly kind: "success";
      /** The duration of the exchange. If undefined, the duration of the call counts. */
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
  /** The call proves nothing about the upstream. */
  | { readonly kind: "ignored" }
  /** Nothing is known about the upstream, and nothing is counted. */
  | { readonly kind: "released" };

/** The outcomes of a call, by breaker name. */
export type JudgedOutcomes = ReadonlyMap<string, JudgedOutcome>;
