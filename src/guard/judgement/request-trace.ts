/** The interface to the engine's spans for one request. */

import type { Evidence } from "../../attribution/spans/evidence.js";

/** The engine's spans for one request. */
export interface RequestTrace {
  /**
   * Records that a timeout of the guard has just ended the request. From now on, only spans that arrive
   * later count.
   */
  dropped(timeoutMs: number): void;
  /**
   * Returns the exchanges that the spans show, once the request has ended. Undefined if the engine does not
   * report the end in time; then only the answer decides. Call it once. The promise must not reject.
   *
   * @param withinMs The longest wait, in milliseconds.
   */
  exchanges(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Drops the spans. Does nothing after `exchanges`. */
  end(): void;
}

/**
 * The longest wait for the spans of a request, in milliseconds. The permits of the request are settled
 * after it. The caller already has the answer, and does not wait.
 */
export const TRACE_WITHIN_MS = 1000;
