/** The types of the facts about a call, and of the outcomes that follow from them. */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";

/** The dependence of a call on an upstream. */
export interface Dependence {
  /**
   * Whether only the option `needs` names the upstream. The call itself neither names the upstream nor uses
   * the id of an object from it.
   */
  readonly onlyDeclared: boolean;
}

/**
 * The origin of a message. It decides for which hosts, and in which processes, the message counts.
 *
 * - `"answer"`: an answer of the engine. It counts only for hosts that the request depends on.
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
  /** The upstreams of the call by breaker name, such as `registry:docker.io`. The engine is left out. */
  readonly upstreams: ReadonlyMap<string, Dependence>;
  /** Upstreams that must have answered because the call succeeded. Used only if no spans were read. */
  readonly proven: ReadonlySet<string>;
  /**
   * The upstreams with closed circuits that have probably answered. The call succeeded, but the engine may
   * have taken a tag from an unknown lock file. Such a success counts in this process only.
   */
  readonly likely: ReadonlySet<string>;
  /** The exchanges in the engine's spans. `"pending"`: spans may still arrive. Null: no spans are read. */
  readonly exchanges: readonly Evidence[] | "pending" | null;
  /** Whether a timeout of the guard ended the call. Then only exchanges that hung count. */
  readonly isCut: boolean;
  /** Whether the call itself names its upstreams. A request names them; a command does not. */
  readonly namesUpstreams: boolean;
  /**
   * The breaker of a host that only the command line names; neither the output nor a span shows the host.
   * Its outcome counts in this process only. Null if there is no such host.
   */
  readonly inferred: string | null;
  /**
   * The breaker names in the option `needs`. A failure that a text reports for such a breaker counts for
   * all processes that share the circuit.
   */
  readonly needs: readonly string[];
  /** How long a rate limit opens a circuit if the answer contains no delay, in milliseconds. */
  readonly rateLimitOpenMs: number;
}

/** The place where a failure was seen: a message, or an exchange in the spans. */
export type FailureCause = { readonly failure: Failure } | { readonly exchange: Evidence };

/** The outcome of a call for one breaker. */
export type JudgedOutcome =
  | {
      readonly kind: "success";
      /** The duration of the exchange, in milliseconds. If undefined, the duration of the call counts. */
      readonly durationMs: number | undefined;
      readonly isLocal: boolean;
    }
  | {
      readonly kind: "failure";
      readonly cause: FailureCause;
      readonly detail: FailureDetail;
      /** Whether the failure counts in this process only, even if the circuit is shared. */
      readonly isLocal: boolean;
    }
  /** The call proves nothing about the upstream. */
  | { readonly kind: "ignored" }
  /** Nothing is known about the upstream, so nothing is counted. */
  | { readonly kind: "released" };

/** The outcomes of a call, by breaker name. */
export type JudgedOutcomes = ReadonlyMap<string, JudgedOutcome>;
