/**
 * The result of one `dagger-breaker run` as it is sent to a store. It does not identify the run or
 * its command.
 */

/** How a run ended, in the words of OpenTelemetry's `cicd.pipeline.task.run.result`. */
export const RUN_RESULTS = ["success", "failure", "error", "skip"] as const;

/**
 * `failure`: the user's own error. `error`: a fault of an upstream or the engine. `skip`: a circuit
 * rejected the run.
 */
export type RunResult = (typeof RUN_RESULTS)[number];

/** The result of one run. */
export interface RunReport {
  readonly result: RunResult;
  /** The component at fault; null if there is no such component, or if it is unknown. */
  readonly fault: string | null;
  /** The total time of the run. */
  readonly durationMs: number;
  /** The time that the run waited for circuits and between attempts. */
  readonly waitedMs: number;
  /** For a rejected run, a low estimate of the time after which it would have failed. */
  readonly avoidedMs: number;
}
