/** When waiting outcomes are to be told: the earliest time that anybody has asked for. */

/** How soon a flush is due: within a second, after 10 or 2 ms, or with this turn of the event loop. */
export const Haste = { Second: 1, Soon: 2, Moment: 3, Tick: 4 } as const;
/** One of them; the higher, the sooner. */
export type Haste = (typeof Haste)[keyof typeof Haste];

const DELAYS_MS = { [Haste.Second]: 1000, [Haste.Soon]: 10, [Haste.Moment]: 2 } as const;

/**
 * Calls a function once at the earliest time asked for. What is due in a moment still happens in a
 * process that has nothing else to do; longer delays keep no process alive.
 */
export class FlushTimer {
  readonly #flush: () => void;
  #due: Haste | 0 = 0;
  #timer: NodeJS.Timeout | undefined;
  #tick: NodeJS.Immediate | undefined;

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Whether a flush is due at all. */
  get isDue(): boolean {
    return this.#due !== 0;
  }

  /** Asks for a flush no later than that. */
  ask(haste: Haste): void {
    if (this.#due >= haste) return;
    this.stop();
    this.#due = haste;
    if (haste === Haste.Tick) {
      this.#tick = setImmediate(() => this.#run());
      return;
    }
    this.#timer = setTimeout(() => this.#run(), DELAYS_MS[haste]);
    if (haste !== Haste.Moment) this.#timer.unref();
  }

  /** Forgets what was asked for. */
  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#tick);
    this.#due = 0;
  }

  #run(): void {
    this.#due = 0;
    this.#flush();
  }
}
