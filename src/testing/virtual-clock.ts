/** A clock for tests, which stands still until a test moves it. */

import type { Clock } from "../breaker/clock.js";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * A {@link Clock} for tests. It starts at 0 and moves only by `advance` and `advanceAsync`. Delays
 * of retries, timeouts and waits with this clock end when it reaches their time.
 * @example
 * ```ts
 * import { CircuitBreaker } from "dagger-circuit-breaker";
 * import { VirtualClock } from "dagger-circuit-breaker/testing";
 *
 * const clock = new VirtualClock();
 * const breaker = new CircuitBreaker({ failureThreshold: 1, resetTimeoutMs: 1_000, clock });
 * breaker.acquire().failure(new Error("down"));
 * clock.advance(1_000);
 * breaker.acquire().success();
 * console.assert(breaker.state === "closed");
 * ```
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  /** Returns the virtual time in milliseconds. */
  now(): number {
    return this.#nowMs;
  }

  /** Number of timers that are waiting to run. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Calls `callback` once, after `delayMs` of virtual time. Returns a function that cancels it. */
  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /**
   * Moves time forward. Timers that become due run in order, each at its own time.
   *
   * @param ms Milliseconds, 0 or more.
   * @throws RangeError when `ms` is negative or not finite, because a monotonic clock never goes back.
   */
  advance(ms: number): void {
    const endMs = this.#endAfter(ms);
    while (this.#runNext(endMs));
    this.#nowMs = endMs;
  }

  /**
   * Moves time forward like `advance`. Promises can settle before each timer and at the end, so one call
   * can pass through all attempts of a retry.
   *
   * @param ms Milliseconds, 0 or more.
   * @throws RangeError (as a rejection) when `ms` is negative or not finite.
   */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.#endAfter(ms);
    await promisesSettled();
    while (this.#runNext(endMs)) await promisesSettled();
    this.#nowMs = endMs;
    await promisesSettled();
  }

  #endAfter(ms: number): number {
    if (Number.isFinite(ms) && ms >= 0) return this.#nowMs + ms;
    throw new RangeError(`ms is ${ms}, expected a finite number of milliseconds, 0 or more`);
  }

  /** Runs the earliest timer that is due by `endMs`. Returns false when no timer is due. */
  #runNext(endMs: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    }
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.callback();
    return true;
  }
}

/**
 * Resolves when all promises that can settle have settled, because the event loop settles them before its
 * next turn.
 */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
