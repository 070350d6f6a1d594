/** The interface to the engine's spans for one request. */

import type { Evidence } from "../../attribution/spans/evidence.js";

/** The engine's spans for one request. */
export interface RequestTrace {
  /** Records that our own timeout has just ended the request. Only spans that arrive later count. */
  dropped(timeoutMs: number): void;
  /**
   * Returns what the spans prove, once the request is over. Undefined if the engine does not report the end
   * in time; then only the answer decides. Call it once. It must not reject.
   *
   * @param withinMs The longest wait, in milliseconds.
   */
  exchanges(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Drops the spans. Does nothing after `exchanges`. */
  end(): void;
}

/** The longest wait for the spans of a request before its permits are settled. The caller does not wait. */
export const TRACE_WITHIN_MS = 1000;
