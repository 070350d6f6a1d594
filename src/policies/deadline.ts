/**
 * When the time of a signal will be over. A signal shows a timeout only once it has come;
 * policies that wait want to know before, so that they do not wait in vain.
 */

import { type Clock, systemClock } from "../breaker/clock.js";

interface Deadline {
  readonly atMs: number;
  readonly clock: Clock;
}

const deadlines = new WeakMap<AbortSignal, Deadline>();

/** Notes when `signal` will be aborted at the latest, in the time of `clock`. */
export function setDeadline(
  signal: AbortSignal,
  deadlineMs: number,
  clock: Clock = systemClock,
): void {
  deadlines.set(signal, { atMs: deadlineMs, clock });
}

/** Returns when `signal` will be aborted at the latest, in the time of `clock`; Infinity when unknown. */
export function deadlineOf(signal: AbortSignal | undefined, clock: Clock = systemClock): number {
  const known = signal && deadlines.get(signal);
  if (known === undefined) return Number.POSITIVE_INFINITY;
  if (known.clock === clock) return known.atMs;
  return clock.now() + (known.atMs - known.clock.now());
}
