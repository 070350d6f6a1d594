/**
 * Limits the waits for replies with a single timer. All waits have the same limit, so the oldest
 * wait is the first to exceed it.
 */

import { systemClock } from "../../../breaker/clock.js";

/** A wait in progress. */
interface Wait {
  /** The start of the wait in milliseconds, on the monotonic clock of this process. */
  readonly startedMs: number;
  /** Whether a caller waits. Only then does the timer keep the process alive. */
  readonly awaited: boolean;
}

/** The waits in progress, oldest first. */
export class Deadlines<W extends Wait> {
  readonly #limitMs: number;
  readonly #onLate: (wait: W) => void;
  readonly #waits = new Set<W>();
  #awaitedCount = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLate Receives a wait that exceeds the limit, and must end it with `end`. */
  constructor(limitMs: number, onLate: (wait: W) => void) {
    this.#limitMs = limitMs;
    this.#onLate = onLate;
  }

  get size(): number {
    return this.#waits.size;
  }

  all(): readonly W[] {
    return [...this.#waits];
  }

  begin(wait: W): void {
    this.#waits.add(wait);
    if (wait.awaited) this.#awaitedCount += 1;
    if (this.#timer === undefined) this.#watch(this.#limitMs);
    else if (wait.awaited && this.#awaitedCount === 1) this.#timer.ref();
  }

  /** Ends a wait. Returns false if the wait has already ended. */
  end(wait: W): boolean {
    if (!this.#waits.delete(wait)) return false;
    if (wait.awaited) this.#awaitedCount -= 1;
    if (this.#waits.size === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (wait.awaited && this.#awaitedCount === 0) this.#timer?.unref();
    return true;
  }

  #watch(forMs: number): void {
    this.#timer = setTimeout(() => this.#look(), forMs);
    if (this.#awaitedCount === 0) this.#timer.unref();
  }

  /**
   * Reports the waits over the limit, and schedules the next check. Reports them one turn later,
   * because a busy process may not have read a reply that has already arrived.
   */
  #look(): void {
    this.#timer = undefined;
    const nowMs = systemClock.now();
    for (const wait of this.#waits) {
      // Rounds down. A wait may then end a millisecond early, but never exceeds the limit.
      const leftMs = Math.floor(wait.startedMs + this.#limitMs - nowMs);
      if (leftMs > 0) {
        this.#watch(leftMs);
        return;
      }
      setImmediate(() => {
        if (this.#waits.has(wait)) this.#onLate(wait);
      });
    }
  }
}
