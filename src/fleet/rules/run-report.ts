/**
 * The result of one `dagger-breaker run` as it is sent to a store. It does not identify the run or
 * its command.
 */

/** The results of a run, as values of OpenTelemetry's `cicd.pipeline.task.run.result`. */
export const RUN_RESULTS = [
  "success",
  "failure",
  "error",
  "timeout",
  "skip",
  "cancellation",
] as const;

/**
 * `failure`: the user is at fault. `error`: an upstream, the engine or an unknown component is. `timeout`: a
 * time limit ended it, and no component is known to be at fault. `skip`: a circuit rejected the run before it
 * started. `cancellation`: a signal ended it, or its client went away.
 */
export type RunResult = (typeof RUN_RESULTS)[number];

/** The result of one run. */
export interface RunRecord {
  readonly result: RunResult;
  /** The component at fault; null if it is unknown or does not exist. */
  readonly fault: string | null;
  /** Its duration, with all waits. */
  readonly durationMs: number;
  /** Time of waits for circuits. */
  readonly waitedMs: number;
  /** Low estimate of the time until a rejected run would have failed; 0 for all other runs. */
  readonly avoidedMs: number;
}

/**
 * The circuit of each scope that counts its runs. It admits no calls, so it is always closed. Clients hide
 * it where they list circuits.
 */
export const RUNS_CIRCUIT = "dagger-breaker:runs";

/** With fewer failed runs, there is no estimate of the time that a rejection avoids. */
const MIN_FAILED_RUNS = 5;

/** Returns the median of the durations of failed runs, the lower one of two; 0 if they are too few. */
export function medianTimeToFailureMs(failedRunsMs: readonly number[]): number {
  const sorted = [...failedRunsMs].sort((a, b) => a - b);
  const medianMs = sorted[Math.floor((sorted.length - 1) / 2)];
  return sorted.length < MIN_FAILED_RUNS || medianMs === undefined ? 0 : medianMs;
}
