/** Remembers that the store of `serve` could not be written, and notices when a write works again. */

import { type Clock, systemClock } from "../../breaker/clock.js";
import { RUNS_CIRCUIT } from "../../fleet/rules/run-report.js";
import { UnwritableStoreError } from "../../fleet/store-error.js";
import { Fresh } from "../../telemetry/metrics/fresh.js";
import type { ViewedStore } from "./store-view.js";

/**
 * The write that is tried. It must change the stored state, because a store does not write a state that
 * stays the same. A time to failure belongs to an upstream, so no page shows one of the circuit of runs.
 */
const KEY = { scope: "default", name: RUNS_CIRCUIT };
const TRIAL = { kind: "tell", rejections: 0, runs: [], failedRunsMs: [0] } as const;

/**
 * The number of writes of one trial. The last block of a full disk has room for one small write, and the
 * opening of a circuit writes about five pages.
 */
const WRITES = 5;

/**
 * Finds out whether a store can be written. Reads alone cannot, because they still work on a full disk. A
 * store that works gets no write from here.
 */
export class WriteCheck {
  readonly #settings: ViewedStore;
  readonly #trial: Fresh<void>;
  #problem: string | undefined;

  constructor(settings: ViewedStore, clock: Clock = systemClock) {
    this.#settings = settings;
    this.#trial = new Fresh(() => this.#try(), clock);
  }

  /** Remembers an error of the store if it is about writing. Other errors change nothing. */
  note(error: unknown): void {
    if (error instanceof UnwritableStoreError) this.#problem = error.reason;
  }

  /**
   * Returns why the store cannot be written; undefined if it can. After a failed write, tries some at
   * most once a second. Never rejects.
   */
  async problem(): Promise<string | undefined> {
    if (this.#problem !== undefined) await this.#trial.get();
    return this.#problem;
  }

  async #try(): Promise<void> {
    const { store, onStoreError } = this.#settings;
    try {
      for (let times = 0; times < WRITES; times += 1) await store.run(KEY, TRIAL);
      this.#problem = undefined;
    } catch (error) {
      this.note(error);
      onStoreError(error);
    }
  }
}
