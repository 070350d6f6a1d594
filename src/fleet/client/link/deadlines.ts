/** Bounds waits that all have the same limit, with one timer: the oldest is the next that is due. */

import { systemClock } from "../../../breaker/clock.js";

/** A wait that has begun. */
interface Wait {
  /** When it began, by the clock of this process. */
  readonly startedMs: number;
  /** Whether somebody waits: only then does the limit keep the process alive. */
  readonly awaited: boolean;
}

/** Waits that are under way, the oldest first. */
export class Deadlines<W extends Wait> {
  readonly #limitMs: number;
  readonly #onLate: (wait: W) => void;
  readonly #waits = new Set<W>();
  #awaitedCount = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLate Hears of a wait that takes longer than the limit, and ends it. */
  constructor(limitMs: number, onLate: (wait: W) => void) {
    this.#limitMs = limitMs;
    this.#onLate = onLate;
  }

  /** How many are under way. */
  get size(): number {
    return this.#waits.size;
  }

  /** Those that are under way now. */
  all(): readonly W[] {
    return [...this.#waits];
  }

  begin(wait: W): void {
    this.#waits.add(wait);
    if (wait.awaited) this.#awaitedCount += 1;
    if (this.#timer === undefined) this.#watch(this.#limitMs);
    else if (wait.awaited && this.#awaitedCount === 1) this.#timer.ref();
  }

  /** Ends a wait; false when it has ended before. */
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
   * Tells of those that are late, and looks again when the oldest of the others may be. In a process that
   * was busy an answer may have come and not been read: it has its chance before anybody is blamed.
   */
  #look(): void {
    this.#timer = undefined;
    const nowMs = systemClock.now();
    for (const wait of this.#waits) {
      // Nobody waits longer than the limit, but a part of a millisecond less.
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
