/** Time that stands still until a test moves it. */

import type { Clock } from "../breaker/clock.js";

/**
 * A {@link Clock} for tests. It starts at 0 and moves only by `advance`.
 *
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

  /** The virtual time in milliseconds. */
  now(): number {
    return this.#nowMs;
  }

  /**
   * Moves time forward.
   *
   * @param ms Milliseconds, 0 or more.
   * @throws RangeError when `ms` is negative or not finite: a monotonic clock never goes back.
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new RangeError(`ms is ${ms}, expected a finite number of milliseconds, 0 or more`);
    }
    this.#nowMs += ms;
  }
}
