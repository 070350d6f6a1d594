/** The signals that end a hanging command, and the time after each signal. */

/** The times between the signals that end a command, in milliseconds. */
export interface StopTimes {
  /** The time for a command to end after the first signal. Default: 10,000. */
  readonly graceMs: number;
  /** The time between SIGTERM and SIGKILL for dagger. Default: 2,000. */
  readonly forceMs: number;
  /**
   * The time from the first SIGINT or SIGTERM from outside until all processes are killed. Used
   * only without a terminal. Undefined: processes are never killed. Default: 7,000.
   */
  readonly outsideMs: number | undefined;
}

export const STOP_TIMES: StopTimes = { graceMs: 10_000, forceMs: 2_000, outsideMs: 7_000 };

/** A signal, and the wait before the next one. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly forMs: number;
}

/**
 * Returns the signals with which a limit ends a command. SIGKILL always follows the last of them.
 *
 * @param isDagger Whether the command is the dagger CLI. Dagger reports what hung only after
 * SIGINT. A shell or make expects SIGTERM.
 */
export function stopPlan(isDagger: boolean, { graceMs, forceMs }: StopTimes): readonly StopStep[] {
  if (!isDagger) return [{ signal: "SIGTERM", forMs: graceMs }];
  return [
    { signal: "SIGINT", forMs: graceMs },
    { signal: "SIGTERM", forMs: forceMs },
  ];
}
