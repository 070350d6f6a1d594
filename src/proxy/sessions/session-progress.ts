/**
 * Records how the requests of sessions end. At the end of a session, the record shows whether its client
 * met a failure.
 */

import type { Failure } from "../../attribution/failure.js";
import type { RefusalType } from "../../guard/wire/rejection-answer.js";

/** The rejection of a query: the guard has answered the query instead of the session. */
export interface QueryRejection {
  readonly type: RefusalType;
  /** The circuit that rejected the query. It is `engine` for a timeout or a lost session. */
  readonly circuit: string;
}

/** The reason why a request, or the opening of a session, did not succeed. */
export type RequestProblem =
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "rejected"; readonly rejection: QueryRejection }
  /** The client closed its connection before the answer. */
  | { readonly kind: "abandoned" };

/**
 * A problem after which no later request has succeeded. `atMs` is the time of the problem, from
 * `performance.now()`.
 */
export interface OpenProblem {
  readonly problem: RequestProblem;
  readonly atMs: number;
}

/** A function that reports the end of a request. Without a problem, the request has succeeded. */
export type EndRequest = (problem?: RequestProblem) => void;

/**
 * Keeps the problem that ended the work of a client. If a later request succeeds, the client has handled
 * the problem, and the problem is dropped. The success of a request that began before the problem proves
 * nothing.
 */
export class SessionProgress {
  #open: (OpenProblem & { readonly turn: number }) | undefined;
  #turn = 0;
  #running = 0;

  /** Whether a request is running. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** The problem after which no later request has succeeded. */
  get openProblem(): OpenProblem | undefined {
    return this.#open;
  }

  /** Records the start of a request. Call the returned function when the request ends. */
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
      // A client that fails cancels its parallel requests. So keep the first problem of parallel requests.
      // Only an abandoned request may be replaced by another problem.
      if (!isLater && this.#open?.problem.kind !== "abandoned") return;
      if (!isLater && problem.kind === "abandoned") return;
      this.#turn += 1;
      this.#open = { problem, atMs: performance.now(), turn: this.#turn };
    };
  }
}

/**
 * Returns the problem that the failures of an answer show. A failure that the user caused wins. Otherwise,
 * the first failure that counts wins.
 */
export function problemIn(failures: readonly Failure[]): RequestProblem | undefined {
  const failure =
    failures.find(({ fault }) => fault === "user") ??
    failures.find(({ counts }) => counts) ??
    failures[0];
  return failure && { kind: "failed", failure };
}
