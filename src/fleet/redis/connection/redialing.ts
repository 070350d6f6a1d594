/** Schedules attempts to reconnect, with growing delays and jitter, until one succeeds. */

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 500;

/** Calls `dial` after a jittered delay, which doubles with each failure up to half a second. */
export class Redialing {
  readonly #dial: () => Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = FIRST_DELAY_MS;
  #stopped = false;

  /** @param dial Reports its own success or failure; its rejection is ignored. */
  constructor(dial: () => Promise<unknown>) {
    this.#dial = dial;
  }

  /** Schedules an attempt, unless one is scheduled already. */
  soon(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    const delayMs = this.#delayMs * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#dial().catch(() => undefined);
    }, delayMs);
    this.#timer.unref();
  }

  failed(): void {
    this.soon();
    this.#delayMs = Math.min(2 * this.#delayMs, MAX_DELAY_MS);
  }

  succeeded(): void {
    this.#clear();
    this.#delayMs = FIRST_DELAY_MS;
  }

  stop(): void {
    this.#stopped = true;
    this.#clear();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
