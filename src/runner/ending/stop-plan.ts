/** The signals for a command that hangs, and the time after each. */

/** How long the runner waits between signals that end a command. */
export interface StopTimes {
  /** The time for a command to end after the first signal. Default: 10,000. */
  readonly graceMs: number;
  /** The time between SIGTERM and SIGKILL for dagger. Default: 2,000. */
  readonly forceMs: number;
  /**
   * The time after a first SIGINT or SIGTERM from outside until all processes are killed, without a
   * terminal; undefined for never. Default: 7,000.
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
 * Returns the signals with which a limit ends a command. SIGKILL always follows the last.
 *
 * @param isDagger Whether it is dagger itself, which reports what hung only after SIGINT. A shell
 * or make expects SIGTERM.
 */
export function stopPlan(isDagger: boolean, { graceMs, forceMs }: StopTimes): readonly StopStep[] {
  if (!isDagger) return [{ signal: "SIGTERM", forMs: graceMs }];
  return [
    { signal: "SIGINT", forMs: graceMs },
    { signal: "SIGTERM", forMs: forceMs },
  ];
}
