/** The facts about a request besides its answer. */

import type { Evidence } from "../../attribution/spans/evidence.js";

/** The trace of one request from inside the engine, made of its spans. */
export interface RequestTrace {
  /**
   * Records that our own timeout has just dropped the request: only later spans show the reason.
   */
  dropped(timeoutMs: number): void;
  /**
   * Returns what the spans prove once the request is over. Undefined if its end does not arrive in
   * time, and then only the answer decides. Call it once; it must not reject.
   *
   * @param withinMs The longest wait, in milliseconds.
   */
  evidence(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Drops the trace. Does nothing after `evidence`. */
  end(): void;
}

/** The longest wait of a settlement for its request trace; the caller never waits. */
export const TRACE_WITHIN_MS = 1000;
