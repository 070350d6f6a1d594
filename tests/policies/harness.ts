/** Helps to test policies on the fake timers of vitest. */

import { vi } from "vitest";
import { CircuitBreaker } from "../../src/breaker/circuit-breaker.js";
import type { CircuitBreakerOptions } from "../../src/breaker/options.js";

/** Returns an operation that records its runs. Its first runs fail, each with an error of its own. */
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
    /** Returns the times between attempts, in milliseconds. */
    gapsMs: () => startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0)),
    attempts: () => startsMs.length,
  };
}

/** Lets time pass until a promise settles. Returns how it settled. */
export async function settle<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [results] = await Promise.all([Promise.allSettled([promise]), vi.runAllTimersAsync()]);
  return results[0];
}

/** Creates a breaker that has just opened. Its reset timeout is ten seconds. */
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
