/** How a command that hangs is told to end: what it is sent, and how long it has each time. */

/** Times of an ending, in milliseconds. */
export interface StopTimes {
  /** How long a command may take to end after it was told to. Default: 10,000. */
  readonly graceMs: number;
  /** How long dagger has between SIGTERM and SIGKILL. Default: 2,000. */
  readonly forceMs: number;
  /**
   * How long after a first SIGINT or SIGTERM from outside all that still runs is killed, where no
   * terminal is; undefined for never. Default: 7,000.
   */
  readonly outsideMs: number | undefined;
}

export const STOP_TIMES: StopTimes = { graceMs: 10_000, forceMs: 2_000, outsideMs: 7_000 };

/** One signal, and how long it is waited before the next one. */
export interface StopStep {
  readonly signal: NodeJS.Signals;
  readonly forMs: number;
}

/**
 * The signals by which a limit of ours ends a command; SIGKILL always follows the last.
 *
 * @param isDagger Whether it is dagger itself, which tells what hung upon SIGINT alone. To a shell or
 * to make, SIGTERM means what it always does.
 */
export function stopPlan(isDagger: boolean, { graceMs, forceMs }: StopTimes): readonly StopStep[] {
  if (!isDagger) return [{ signal: "SIGTERM", forMs: graceMs }];
  return [
    { signal: "SIGINT", forMs: graceMs },
    { signal: "SIGTERM", forMs: forceMs },
  ];
}
