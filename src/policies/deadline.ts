/**
 * Records the deadline of a signal. A signal shows a timeout only when it is over, but a retry or
 * wait must know the time left.
 */

import { type Clock, systemClock } from "../breaker/clock.js";

interface Deadline {
  readonly atMs: number;
  readonly clock: Clock;
}

const deadlines = new WeakMap<AbortSignal, Deadline>();

/** Records the latest time at which `signal` will be aborted, on `clock`. */
export function setDeadline(
  signal: AbortSignal,
  deadlineMs: number,
  clock: Clock = systemClock,
): void {
  deadlines.set(signal, { atMs: deadlineMs, clock });
}

/** Returns the latest time at which `signal` will be aborted, on `clock`; Infinity when unknown. */
export function deadlineOf(signal: AbortSignal | undefined, clock: Clock = systemClock): number {
  const known = signal && deadlines.get(signal);
  if (known === undefined) return Number.POSITIVE_INFINITY;
  if (known.clock === clock) return known.atMs;
  return clock.now() + (known.atMs - known.clock.now());
}
