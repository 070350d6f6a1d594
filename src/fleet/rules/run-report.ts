/** The result of a run of a command line as it is sent to a store. It contains no name of the run. */

/** How a run ended, in the words of OpenTelemetry's `cicd.pipeline.task.run.result`. */
export const RUN_RESULTS = ["success", "failure", "error", "skip"] as const;

/** `failure` is the user's, `error` that of an upstream or the engine, `skip` a run that was refused. */
export type RunResult = (typeof RUN_RESULTS)[number];

/** One run. */
export interface RunReport {
  readonly result: RunResult;
  /** The component at fault; null if there is no such component, or if it is unknown. */
  readonly fault: string | null;
  /** How long it took. */
  readonly durationMs: number;
  /** How long it waited for circuits to close and between attempts. */
  readonly waitedMs: number;
  /** How long a run that was refused would have taken to fail, at a low guess. */
  readonly avoidedMs: number;
}
