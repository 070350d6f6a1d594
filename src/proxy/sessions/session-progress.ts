/** Follows the requests of sessions, so that their end shows whether their client met a failure. */

import type { Failure } from "../../attribution/failure.js";
import type { RefusalType } from "../../guard/wire/rejection-answer.js";

/** A query that the guard answered instead of the session. */
export interface QueryRejection {
  readonly type: RefusalType;
  /** The circuit that rejected the query; `engine` for a timeout or a lost session. */
  readonly circuit: string;
}

/** Why a request, or the opening of a session, did not succeed. */
export type RequestProblem =
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "rejected"; readonly rejection: QueryRejection }
  /** Its client closed the connection first. */
  | { readonly kind: "abandoned" };

/** A problem that no later request has overcome, and its time on the clock of `performance`. */
export interface OpenProblem {
  readonly problem: RequestProblem;
  readonly atMs: number;
}

/** Reports the end of a request. Without a problem, it succeeded. */
export type EndRequest = (problem?: RequestProblem) => void;

/**
 * Keeps the problem that ended the work of a client, if one did. A client that sends a later request with
 * success has handled the problem. A success of a request that ran beside it shows nothing.
 */
export class SessionProgress {
  #open: (OpenProblem & { readonly turn: number }) | undefined;
  #turn = 0;
  #running = 0;

  /** Whether a request is running. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** The problem that no later request has overcome. */
  get openProblem(): OpenProblem | undefined {
    return this.#open;
  }

  /** Begins a request. */
  begin(): EndRequest {
    this.#running += 1;
    const begunAt = this.#turn;
    return (problem) => {
      this.#running -= 1;
      const isLater = this.#open === undefined || begunAt >= this.#open.turn;
      if (problem === undefined) {
        if (isLater) this.#open = undefined;
        return;
      }
      // A client that fails cancels its parallel requests. So the first problem of a group counts.
      if (!isLater && this.#open?.problem.kind !== "abandoned") return;
      if (!isLater && problem.kind === "abandoned") return;
      this.#turn += 1;
      this.#open = { problem, atMs: performance.now(), turn: this.#turn };
    };
  }
}

/** Returns the problem in the failures of an answer. A fault of the user wins, then one that counts. */
export function problemIn(failures: readonly Failure[]): RequestProblem | undefined {
  const failure =
    failures.find(({ fault }) => fault === "user") ??
    failures.find(({ counts }) => counts) ??
    failures[0];
  return failure && { kind: "failed", failure };
}
