/**
 * When the time of a signal will be over. A signal tells of a time-out only once it has come;
 * policies that wait want to know before, so that they do not wait in vain.
 */

const deadlines = new WeakMap<AbortSignal, number>();

/** Notes when `signal` will be aborted at the latest, in the time of the system clock. */
export function setDeadline(signal: AbortSignal, deadlineMs: number): void {
  deadlines.set(signal, deadlineMs);
}

/** When `signal` will be aborted at the latest; Infinity when nobody knows. */
export function deadlineOf(signal: AbortSignal | undefined): number {
  return (signal && deadlines.get(signal)) ?? Number.POSITIVE_INFINITY;
}
