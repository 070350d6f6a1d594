/** Calculates the delay before a retry: growing, capped, and spread at random. */

import type { Random } from "../../breaker/clock.js";

/** The settings of the delays between attempts. */
export interface Backoff {
  readonly initialDelayMs: number;
  readonly backoffFactor: number;
  readonly maxDelayMs: number;
  /** Whether the delay is random between 0 and the backoff ("full jitter"). */
  readonly jitter: boolean;
}

/**
 * Returns the delay before a retry, in milliseconds.
 *
 * @param retry Number of the retry, starting at 1.
 */
export function backoffMs(retry: number, backoff: Backoff, random: Random): number {
  const { initialDelayMs, backoffFactor, maxDelayMs, jitter } = backoff;
  // Without this bound, a delay of 0 times a growth of Infinity would be NaN.
  const growth = Math.min(backoffFactor ** (retry - 1), Number.MAX_VALUE);
  const cappedMs = Math.min(initialDelayMs * growth, maxDelayMs);
  return jitter ? random() * cappedMs : cappedMs;
}
