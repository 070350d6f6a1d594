/** Rounds remaining times and ages to whole milliseconds for users. */

/**
 * Returns the time from `nowMs` until `untilMs` in whole milliseconds. Rounds up, so that a caller
 * who waits this long is never early.
 *
 * Subtracts half a microsecond first, because a floating-point error would otherwise turn 60
 * seconds into 60,001 ms. Rounds only once, because every rejection calls this function.
 */
export function remainingMs(untilMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil(untilMs - nowMs - 0.0005));
}

/**
 * Returns the time since `sinceMs` in whole milliseconds, rounded down. Rounds to microseconds
 * first, to remove floating-point errors.
 */
export function ageMs(sinceMs: number, nowMs: number): number {
  return Math.floor(Math.round((nowMs - sinceMs) * 1000) / 1000);
}
