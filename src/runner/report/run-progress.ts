/** Reports progress between attempts: retries and waits. */

import type { AttemptReport } from "./run-report.js";

/** An event between the attempts of a run. */
export type RunProgress =
  | {
      readonly kind: "retrying";
      readonly attempt: AttemptReport;
      /** Number of the attempt, starting at 1, and the maximum. */
      readonly number: number;
      readonly of: number;
      /**
       * Milliseconds before the next attempt; null if an open circuit decides, whose wait is
       * reported next.
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

/** A log without a line for longer than this looks like a hung run. */
const REPEAT_MS = 60_000;

/** Reports the start of a wait, and that it continues. Its timers do not keep the process alive. */
export class WaitTeller {
  readonly #tell: OnProgress;
  #circuit: string | null | undefined;
  #endsMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: OnProgress) {
    this.#tell = tell;
  }

  /**
   * Reports a wait when it begins; later calls for the same circuit continue it. A probing circuit
   * is asked many times a second.
   *
   * @param circuit The awaited circuit; null for the delay before a retry, whose start is reported
   * elsewhere.
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
