/** Reports progress between attempts: retries and waits. */

import type { AttemptReport } from "./run-report.js";

/** An event between the attempts of a run. */
export type RunProgress =
  | {
      readonly kind: "retrying";
      readonly attempt: AttemptReport;
      /** Number of the failed attempt, starting at 1. `of` is the maximum number of attempts. */
      readonly number: number;
      readonly of: number;
      /**
       * The delay before the next attempt. Null if the attempt waits for an open circuit, because
       * that wait is reported next.
       */
      readonly delayMs: number | null;
    }
  | {
      /** `"waiting"` when a wait begins, `"still-waiting"` each minute after that. */
      readonly kind: "waiting" | "still-waiting";
      /** The awaited circuit; null for the delay before a retry. */
      readonly circuit: string | null;
      readonly leftMs: number;
    };

/** Receives events as they happen. */
export type OnProgress = (progress: RunProgress) => void;

/**
 * The time between messages about a wait. A log that is silent for longer looks like a hung run.
 */
const REPEAT_MS = 60_000;

/**
 * The reporter of waits. Reports the start of a wait, and repeatedly that the wait continues. Its
 * timers do not keep this process alive.
 */
export class WaitTeller {
  readonly #tell: OnProgress;
  #circuit: string | null | undefined;
  #endsMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: OnProgress) {
    this.#tell = tell;
  }

  /**
   * Reports a wait when it begins. Later calls for the same circuit only update the remaining time,
   * because a probing circuit is asked many times a second.
   *
   * @param circuit The awaited circuit. Null for the delay before a retry; the start of such a
   * delay is reported elsewhere.
   */
  waits(circuit: string | null, leftMs: number): void {
    this.#endsMs = performance.now() + leftMs;
    if (circuit === this.#circuit) return;
    this.end();
    this.#circuit = circuit;
    if (circuit !== null) this.#tell({ kind: "waiting", circuit, leftMs });
    this.#timer = setInterval(() => {
      const stillMs = Math.max(0, this.#endsMs - performance.now());
      this.#tell({ kind: "still-waiting", circuit, leftMs: stillMs });
    }, REPEAT_MS);
    this.#timer.unref();
  }

  /** Ends the wait. */
  end(): void {
    clearInterval(this.#timer);
    this.#circuit = undefined;
  }
}
