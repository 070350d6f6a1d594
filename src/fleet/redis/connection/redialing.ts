/**
 * Schedules attempts to reconnect until one succeeds. The delays between them grow and have jitter.
 */

const FIRST_DELAY_MS = 50;
const MAX_DELAY_MS = 500;

/**
 * Calls `dial` after a delay with jitter. The delay doubles with each failure, up to half a second.
 */
export class Redialing {
  readonly #dial: () => Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;
  #delayMs = FIRST_DELAY_MS;
  #stopped = false;

  /**
   * @param dial Connects, and calls `failed` or `succeeded` itself. A rejection of `dial` is
   * ignored.
   */
  constructor(dial: () => Promise<unknown>) {
    this.#dial = dial;
  }

  /** Schedules an attempt, unless an attempt is already scheduled. */
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
