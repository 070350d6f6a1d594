/** Calculates remaining times for users. */

/**
 * Returns the time from `nowMs` until `untilMs` in whole milliseconds. Rounds up, so that a caller
 * who waits this long is never early. Rounds to microseconds first: floating-point errors would
 * otherwise make 60 seconds 60,001 ms.
 */
export function remainingMs(untilMs: number, nowMs: number): number {
  const microseconds = Math.round((untilMs - nowMs) * 1000);
  return Math.max(0, Math.ceil(microseconds / 1000));
}
