/** Calculates remaining times and ages for users. */

/**
 * Returns the time from `nowMs` until `untilMs` in whole milliseconds. Rounds up, so that a caller
 * who waits this long is never early. Passes over half a microsecond: floating-point errors
 * would otherwise make 60 seconds 60,001 ms. Each rejection pays for this, so it rounds once.
 */
export function remainingMs(untilMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil(untilMs - nowMs - 0.0005));
}

/** Returns the time since `sinceMs` in whole milliseconds. Rounds down, after the same microseconds. */
export function ageMs(sinceMs: number, nowMs: number): number {
  return Math.floor(Math.round((nowMs - sinceMs) * 1000) / 1000);
}
