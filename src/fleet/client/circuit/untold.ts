/** What a store only counts of a circuit, until it is told. */

import { MAX_TOLD, type TellCommand } from "../../rules/command.js";
import type { RunReport } from "../../rules/run-report.js";

/** Gathers what waits to be told; more runs than one command takes are not kept. */
export class Untold {
  #rejections = 0;
  #runs: RunReport[] = [];
  #failedRunsMs: number[] = [];

  /** Counts a call that the circuit refused. */
  addRejection(): void {
    this.#rejections += 1;
  }

  /** Enters how a run of a command line ended. */
  addRun(run: RunReport): void {
    if (this.#runs.length < MAX_TOLD) this.#runs.push(run);
  }

  /** Enters how long a run took that failed because of this upstream. */
  addFailedRun(durationMs: number): void {
    if (this.#failedRunsMs.length < MAX_TOLD) this.#failedRunsMs.push(durationMs);
  }

  /** Takes all out as one command; undefined when there is nothing. */
  take(): TellCommand | undefined {
    const [rejections, runs, failedRunsMs] = [this.#rejections, this.#runs, this.#failedRunsMs];
    if (rejections + runs.length + failedRunsMs.length === 0) return undefined;
    this.#rejections = 0;
    this.#runs = [];
    this.#failedRunsMs = [];
    return { kind: "tell", rejections, runs, failedRunsMs };
  }
}
