/** When waiting outcomes are to be told: the earliest time that anybody has asked for. */

/** How soon a flush is due: with this turn of the event loop, after 10 ms, or after a second. */
export type Haste = "tick" | "soon" | "second";

const SOON_MS = 10;
const SECOND_MS = 1000;
const ORDER: readonly Haste[] = ["second", "soon", "tick"];

/** Calls a function once at the earliest time asked for. Its timers keep no process alive. */
export class FlushTimer {
  readonly #flush: () => void;
  #due: Haste | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tick: NodeJS.Immediate | undefined;

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Asks for a flush no later than that. */
  ask(haste: Haste): void {
    if (this.#due !== undefined && ORDER.indexOf(this.#due) >= ORDER.indexOf(haste)) return;
    this.stop();
    this.#due = haste;
    if (haste === "tick") this.#tick = setImmediate(() => this.#run());
    else {
      this.#timer = setTimeout(() => this.#run(), haste === "soon" ? SOON_MS : SECOND_MS);
      this.#timer.unref();
    }
  }

  /** Forgets what was asked for. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#tick);
    this.#due = undefined;
  }

  #run(): void {
    this.#due = undefined;
    this.#flush();
  }
}
