/** Counts of a circuit that decide nothing, kept until they are sent to the store. */

import type { TellCommand } from "../../rules/command.js";

/** Gathers the counts that wait to be sent. */
export class Untold {
  #rejections = 0;

  /** Counts a call that the circuit rejected. */
  addRejection(): void {
    this.#rejections += 1;
  }

  /** Takes all out as one command. Returns undefined when there is nothing. */
  take(): TellCommand | undefined {
    const rejections = this.#rejections;
    if (rejections === 0) return undefined;
    this.#rejections = 0;
    return { kind: "tell", rejections, runs: [], failedRunsMs: [] };
  }
}
