/** The facts of a call from which its outcomes are judged, and those outcomes. Types alone. */

import type { Failure } from "../../attribution/failure.js";
import type { Evidence } from "../../attribution/spans/evidence.js";
import type { FailureDetail } from "../../breaker/calls/permit.js";

/** How a call depends on an upstream. */
export interface Dependence {
  /** Whether it was only declared: the call itself neither names it nor quotes an id of it. */
  readonly onlyDeclared: boolean;
}

/**
 * How far words count that name a host or a fault.
 *
 * - `"answer"`: an answer of the engine. It names no host that the request does not depend on.
 * - `"store"`: the output of dagger itself. It counts for everyone who shares the circuits.
 * - `"run"`: the output of a Dagger front end inside another program. It counts in this process.
 * - `"needs"`: any other output. It counts for declared hosts alone, since anyone can print anything.
 */
export type WordsReach = "answer" | "store" | "run" | "needs";

/** What is known of a call: a request, a whole command, or the opening of a session. */
export interface CallFacts {
  /** What failed, by an answer, an error, a command's words, or a timeout of ours. */
  readonly failures: readonly Failure[];
  readonly wordsReach: WordsReach;
  /** Whether the engine answered the call, or worked for the command. */
  readonly engineAnswered: boolean;
  /** What the call depends on, by the names of breakers; without the engine. */
  readonly upstreams: ReadonlyMap<string, Dependence>;
  /** The upstreams that the answer shows to have answered, where no spans were read. */
  readonly proven: ReadonlySet<string>;
  /**
   * Closed circuits of upstreams that the answer shows to have answered unless the engine took a tag from
   * a lock file that we do not see. Such a success stands against failures in this process alone.
   */
  readonly likely: ReadonlySet<string>;
  /** The exchanges that spans show; `"pending"` while they may still come, null where none were read. */
  readonly exchanges: readonly Evidence[] | "pending" | null;
  /** Whether a timeout of ours ended the call: then only exchanges that hung say something. */
  readonly isCut: boolean;
  /** Whether the call itself names what it depends on, as a request does and a command does not. */
  readonly namesUpstreams: boolean;
  /**
   * The breaker of a host that only the command line names, which words and spans do not: what is told of it
   * counts in this process alone.
   */
  readonly inferred: string | null;
  /** The names of breakers that the user declared: what words tell of them counts for everyone. */
  readonly needs: readonly string[];
  /** How long a rate limit opens a circuit when the answer states no time, in milliseconds. */
  readonly rateLimitOpenMs: number;
}

/** What a failure is known by. */
export type FailureCause = { readonly failure: Failure } | { readonly exchange: Evidence };

/** The outcome of a call for one breaker. */
export type JudgedOutcome =
  | {
      readonly kind: "success";
      /** The time of the exchange itself; undefined for the time of the call. */
      readonly durationMs: number | undefined;
      readonly isLocal: boolean;
    }
  | {
      readonly kind: "failure";
      readonly cause: FailureCause;
      readonly detail: FailureDetail;
      /** Whether it counts in this process alone, whoever shares the circuit. */
      readonly isLocal: boolean;
    }
  /** It says nothing of the upstream. */
  | { readonly kind: "ignored" }
  /** Nothing is known, and nothing is counted. */
  | { readonly kind: "released" };

/** One outcome for each breaker, by name. */
export type JudgedOutcomes = ReadonlyMap<string, JudgedOutcome>;
