/** Collects counts of a circuit that never affect a decision, until they are sent to the store. */

import { MAX_TOLD, type TellCommand } from "../../rules/command.js";

/** The counts that wait to be sent. */
export class Untold {
  #rejections = 0;
  #failedRunsMs: number[] = [];

  /** Counts a call that the circuit rejected. */
  addRejection(): void {
    this.#rejections += 1;
  }

  /** Adds the duration, in milliseconds, of a run that failed because of this upstream. */
  addFailedRun(afterMs: number): void {
    if (this.#failedRunsMs.length < MAX_TOLD) this.#failedRunsMs.push(afterMs);
  }

  /**
   * Returns all counts as one command, and starts again from zero. Returns undefined if there are
   * no counts.
   */
  take(): TellCommand | undefined {
    const rejections = this.#rejections;
    const failedRunsMs = this.#failedRunsMs;
    if (rejections === 0 && failedRunsMs.length === 0) return undefined;
    this.#rejections = 0;
    this.#failedRunsMs = [];
    return { kind: "tell", rejections, runs: [], failedRunsMs };
  }
}
