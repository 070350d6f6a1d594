/** How long something still takes, as users are told. */

/**
 * Returns how long it is from `nowMs` until `untilMs` as users are told: in whole milliseconds,
 * rounded up, so that nobody who waits so long comes too early. What floating-point subtraction
 * leaves behind the microseconds is dropped first, or 60 seconds would be told as 60,001 ms.
 */
export function remainingMs(untilMs: number, nowMs: number): number {
  const microseconds = Math.round((untilMs - nowMs) * 1000);
  return Math.max(0, Math.ceil(microseconds / 1000));
}
