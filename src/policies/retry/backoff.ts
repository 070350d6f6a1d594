/**
 * Calculates the delay before a retry. The delay grows with each retry, up to a maximum, and may be random.
 */

import type { Random } from "../../breaker/clock.js";

/** The settings of the delays between attempts. All times are in milliseconds. */
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
  // Limit the growth, because an initial delay of 0 times Infinity would be NaN.
  const growth = Math.min(backoffFactor ** (retry - 1), Number.MAX_VALUE);
  const cappedMs = Math.min(initialDelayMs * growth, maxDelayMs);
  return jitter ? random() * cappedMs : cappedMs;
}
