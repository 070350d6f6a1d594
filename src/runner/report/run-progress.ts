/** Tells what a run does while its command does not run: it tries again, or waits. */

import type { AttemptReport } from "./run-report.js";

/** Something that happens between the attempts of a run. */
export type RunProgress =
  | {
      readonly kind: "retrying";
      readonly attempt: AttemptReport;
      /** The number of that attempt, counted from 1, and how many there are at most. */
      readonly number: number;
      readonly of: number;
      /** Null when a circuit decides when the next one comes, whose wait is told next. */
      readonly delayMs: number | null;
    }
  | {
      /** `"waiting"` when a wait begins, `"still-waiting"` each minute after that. */
      readonly kind: "waiting" | "still-waiting";
      /** The circuit that is waited for; null for the delay before another attempt. */
      readonly circuit: string | null;
      readonly leftMs: number;
    };

/** Hears of it as it happens. */
export type OnProgress = (progress: RunProgress) => void;

/** A log without a line for longer than this looks as if the run hung. */
const REPEAT_MS = 60_000;

/** Tells that a wait begins, and that it goes on. Its timers hold no process. */
export class WaitTeller {
  readonly #tell: OnProgress;
  #circuit: string | null | undefined;
  #endsMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: OnProgress) {
    this.#tell = tell;
  }

  /**
   * A wait begins or goes on: a circuit that probes is asked again many times a second.
   *
   * @param circuit What is waited for; null for a delay of our own, whose beginning is told elsewhere.
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

  /** The wait is over. */
  end(): void {
    clearInterval(this.#timer);
    this.#circuit = undefined;
  }
}
