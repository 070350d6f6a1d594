/** Schedules the next flush of waiting outcomes, at the earliest requested time. */

/**
 * The delay until a flush: 1 s, 10 ms, 2 ms, the end of this turn of the event loop, or the next
 * microtask.
 */
export const Haste = { Second: 1, Soon: 2, Moment: 3, Tick: 4, Now: 5 } as const;
/** One of these delays. A higher value means a shorter delay. */
export type Haste = (typeof Haste)[keyof typeof Haste];

const DELAYS_MS = { [Haste.Second]: 1000, [Haste.Soon]: 10, [Haste.Moment]: 2 } as const;

/**
 * Calls a function once, at the earliest requested time. Delays of 10 ms and more do not keep the
 * process alive; shorter delays do.
 */
export class FlushTimer {
  readonly #flush: () => void;
  #due: Haste | 0 = 0;
  #timer: NodeJS.Timeout | undefined;
  #tick: NodeJS.Immediate | undefined;

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Whether a flush is scheduled. */
  get isDue(): boolean {
    return this.#due !== 0;
  }

  /**
   * Requests a flush after a delay. Does nothing if a flush is already scheduled at that time or
   * earlier.
   */
  ask(haste: Haste): void {
    if (this.#due >= haste) return;
    this.stop();
    this.#due = haste;
    if (haste === Haste.Now) {
      queueMicrotask(() => {
        if (this.#due === Haste.Now) this.#run();
      });
      return;
    }
    if (haste === Haste.Tick) {
      this.#tick = setImmediate(() => this.#run());
      return;
    }
    if (haste === Haste.Moment) {
      // Usually the next call begins in the current microtasks and flushes at once. So the timer
      // starts only if no such call comes.
      process.nextTick(() => {
        if (this.#due === Haste.Moment && this.#timer === undefined) this.#wait(haste);
      });
      return;
    }
    this.#wait(haste).unref();
  }

  /** Cancels the scheduled flush. */
  stop(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#tick !== undefined) clearImmediate(this.#tick);
    this.#timer = undefined;
    this.#tick = undefined;
    this.#due = 0;
  }

  #wait(haste: keyof typeof DELAYS_MS): NodeJS.Timeout {
    this.#timer = setTimeout(() => this.#run(), DELAYS_MS[haste]);
    return this.#timer;
  }

  #run(): void {
    this.#due = 0;
    this.#flush();
  }
}
