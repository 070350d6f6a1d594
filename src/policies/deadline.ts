/**
 * Records the deadline of a signal. A signal itself shows a timeout only after the timeout has passed. A
 * retry or a wait must know the remaining time earlier.
 */

import { type Clock, systemClock } from "../breaker/clock.js";

interface Deadline {
  readonly atMs: number;
  readonly clock: Clock;
}

const deadlines = new WeakMap<AbortSignal, Deadline>();

/** Records that `signal` will be aborted no later than `deadlineMs`, measured on `clock`. */
export function setDeadline(
  signal: AbortSignal,
  deadlineMs: number,
  clock: Clock = systemClock,
): void {
  deadlines.set(signal, { atMs: deadlineMs, clock });
}

/**
 * Returns the time of `clock` at which `signal` will be aborted at the latest. Infinity if that time is
 * unknown.
 */
export function deadlineOf(signal: AbortSignal | undefined, clock: Clock = systemClock): number {
  const known = signal && deadlines.get(signal);
  if (known === undefined) return Number.POSITIVE_INFINITY;
  if (known.clock === clock) return known.atMs;
  return clock.now() + (known.atMs - known.clock.now());
}
