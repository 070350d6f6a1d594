/**
 * Sends the results of runs to the store. Also reads how long runs take until they fail because of
 * an upstream.
 */

import { medianTimeToFailureMs, RUNS_CIRCUIT, type RunRecord } from "../rules/run-report.js";
import type { CircuitTable } from "./circuit/circuit-table.js";
import type { StoreLink } from "./link/store-link.js";

/** The circuit whose upstream made a run fail, and the milliseconds until it failed. */
export interface FailedRun {
  readonly circuit: string;
  readonly afterMs: number;
}

/** The parts of a fleet that a `RunTeller` needs. */
interface TellerParts {
  readonly scope: string;
  readonly link: StoreLink;
  readonly table: CircuitTable;
}

/** Sends results of runs. Sends nothing if the store is down or keeps no counts. */
export class RunTeller {
  readonly #parts: TellerParts;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  /** Sends the result of a run. Closing the fleet waits for the reply. */
  tell(run: RunRecord, failed: FailedRun | undefined): void {
    const { link, scope, table } = this.#parts;
    if (!this.#mayAsk) return;
    // The duration belongs to the circuit of the failed upstream, so it is sent with that circuit's
    // counts.
    if (failed !== undefined) table.find(failed.circuit)?.untold.addFailedRun(failed.afterMs);
    link.send(
      { scope, name: RUNS_CIRCUIT },
      {
        count: 0,
        awaited: false,
        command: () => ({ kind: "tell", rejections: 0, runs: [run], failedRunsMs: [] }),
        replied: () => {},
        missed: () => {},
      },
    );
  }

  /**
   * Returns the median time to failure, in milliseconds, of the last 50 runs that failed because of
   * this circuit's upstream. Returns 0 if the store does not reply, or if there are fewer than 5
   * such runs.
   */
  timeToFailureMs(circuit: string): Promise<number> {
    const { link, scope } = this.#parts;
    if (!this.#mayAsk) return Promise.resolve(0);
    return new Promise((resolve) => {
      link.send(
        { scope, name: circuit },
        {
          count: 0,
          awaited: true,
          command: () => ({ kind: "read", report: true }),
          replied: ({ report }) => resolve(medianTimeToFailureMs(report?.runs.failedMs ?? [])),
          missed: () => resolve(0),
        },
      );
    });
  }

  get #mayAsk(): boolean {
    const { link } = this.#parts;
    return link.isCounting && link.mayAsk;
  }
}
