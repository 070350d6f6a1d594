/** When waiting outcomes are to be told: the earliest time that anybody has asked for. */

/** How soon a flush is due: within a second, after 10 ms, or with this turn of the event loop. */
export const Haste = { Second: 1, Soon: 2, Tick: 3 } as const;
/** One of them; the higher, the sooner. */
export type Haste = (typeof Haste)[keyof typeof Haste];

const SOON_MS = 10;
const SECOND_MS = 1000;

/** Calls a function once at the earliest time asked for. Its timers keep no process alive. */
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
    if (haste === Haste.Tick) this.#tick = setImmediate(() => this.#run());
    else {
      const delayMs = haste === Haste.Soon ? SOON_MS : SECOND_MS;
      this.#timer = setTimeout(() => this.#run(), delayMs);
      this.#timer.unref();
    }
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
