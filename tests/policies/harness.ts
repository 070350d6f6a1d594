/** What the tests of the policies have in common; all of them run on the fake timers of vitest. */

import { vi } from "vitest";
import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import type { CircuitBreakerOptions } from "../../src/breaker/options.js";

/** An operation that fails a number of times, each with an error of its own, and notes when it ran. */
export function flaky(failures: number) {
  const errors: Error[] = [];
  const startsMs: number[] = [];
  const operation = async ({ attempt }: { attempt: number }) => {
    startsMs.push(performance.now());
    if (attempt > failures) return `attempt ${attempt}`;
    const error = new Error(`failure ${attempt}`);
    errors.push(error);
    throw error;
  };
  return {
    operation,
    errors,
    /** Milliseconds between one attempt and the next. */
    gapsMs: () => startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0)),
    attempts: () => startsMs.length,
  };
}

/** Lets time pass until a promise settles, and tells how it did. */
export async function settle<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [results] = await Promise.all([Promise.allSettled([promise]), vi.runAllTimersAsync()]);
  return results[0];
}

/** A breaker that has just opened, for ten seconds. */
export function openBreaker(options: CircuitBreakerOptions = {}) {
  const breaker = new CircuitBreaker({
    name: "api",
    failureThreshold: 1,
    resetTimeoutMs: 10_000,
    ...options,
  });
  breaker.acquire().failure(new Error("down"));
  return breaker;
}
