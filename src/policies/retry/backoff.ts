/** How long to wait before a retry: growing, capped, and spread by chance. */

import type { Random } from "../../breaker/clock.js";

/** How delays grow. */
export interface Backoff {
  readonly initialDelayMs: number;
  readonly backoffFactor: number;
  readonly maxDelayMs: number;
  /** Whether chance picks the delay from all between 0 and the backoff, so-called full jitter. */
  readonly jitter: boolean;
}

/**
 * The delay before a retry, in milliseconds.
 *
 * @param retry The so many-th retry, counted from 1.
 */
export function backoffMs(retry: number, backoff: Backoff, random: Random): number {
  const { initialDelayMs, backoffFactor, maxDelayMs, jitter } = backoff;
  // Without the bound, an initial delay of 0 times a factor that has grown to Infinity is no number.
  const growth = Math.min(backoffFactor ** (retry - 1), Number.MAX_VALUE);
  const cappedMs = Math.min(initialDelayMs * growth, maxDelayMs);
  return jitter ? random() * cappedMs : cappedMs;
}
