/** Measures how long a guard's calls wait for circuits. */

/** One call that may have to wait. */
export interface MeasuredWait {
  /** Begins the wait. Later calls of this function do nothing. */
  starts(): void;
  /** Ends the wait, if it has begun. */
  ends(): void;
}

/** Adds up the time in which at least one call waited. Parallel waits count once, as their user sees them. */
export class WaitTime {
  #waiting = 0;
  #sinceMs = 0;
  #totalMs = 0;

  /** The time of all waits that are over, in milliseconds. */
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
