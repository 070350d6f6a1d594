/** Measures how long a guard's calls wait for circuits. */

/** The wait of one call, if the call has to wait. */
export interface MeasuredWait {
  /** Records the start of the wait. A further call during the wait has no effect. */
  starts(): void;
  /** Records the end of the wait. Has no effect if the wait has not begun. */
  ends(): void;
}

/**
 * Adds up the time in which at least one call waited. Parallel waits count once, because the user of these
 * calls waits only once.
 */
export class WaitTime {
  #waiting = 0;
  #sinceMs = 0;
  #totalMs = 0;

  /** The total time of all waits that have ended, in milliseconds. */
  get totalMs(): number {
    return this.#totalMs;
  }

  begin(): MeasuredWait {
    let isWaiting = false;
    return {
      starts: () => {
        if (isWaiting) return;
        isWaiting = true;
        if (this.#waiting === 0) this.#sinceMs = performance.now();
        this.#waiting += 1;
      },
      ends: () => {
        if (!isWaiting) return;
        isWaiting = false;
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#totalMs += performance.now() - this.#sinceMs;
      },
    };
  }
}
