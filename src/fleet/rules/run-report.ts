/**
 * Declares what a process reports to a store about one `dagger-breaker run`. The report identifies
 * neither the run nor its command.
 */

/** The possible results of a run, named as in OpenTelemetry's `cicd.pipeline.task.run.result`. */
export const RUN_RESULTS = [
  "success",
  "failure",
  "error",
  "timeout",
  "skip",
  "cancellation",
] as const;

/**
 * The result of a run. `failure`: the user is at fault. `error`: an upstream, the engine or an
 * unknown component is at fault. `timeout`: a time limit ended the run, and no component is known
 * to be at fault. `skip`: a circuit rejected the run before it started. `cancellation`: a signal
 * ended the run, or its client disconnected.
 */
export type RunResult = (typeof RUN_RESULTS)[number];

/** The result of one run, with durations in milliseconds. */
export interface RunRecord {
  readonly result: RunResult;
  /** The component at fault. Null if no component is at fault, or if the component is unknown. */
  readonly fault: string | null;
  /** The duration of the run, including all waits. */
  readonly durationMs: number;
  /** The time that the run waited for circuits. */
  readonly waitedMs: number;
  /**
   * A low estimate of the time until a rejected run would have failed. 0 for a run that was not
   * rejected.
   */
  readonly avoidedMs: number;
}

/**
 * The name of the circuit that counts the runs of a scope. It admits no calls, so it is always
 * closed. Clients hide it in lists of circuits.
 */
export const RUNS_CIRCUIT = "dagger-breaker:runs";

/** Number of failed runs that are needed to estimate how much time a rejection avoids. */
const MIN_FAILED_RUNS = 5;

/**
 * Returns the median duration of failed runs, or the lower of two middle values. Returns 0 if the
 * runs are too few.
 */
export function medianTimeToFailureMs(failedRunsMs: readonly number[]): number {
  const sorted = [...failedRunsMs].sort((a, b) => a - b);
  const medianMs = sorted[Math.floor((sorted.length - 1) / 2)];
  return sorted.length < MIN_FAILED_RUNS || medianMs === undefined ? 0 : medianMs;
}
