/** The registry of the process. It never evicts. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { createUnboundedRegistry, type NamedBreakerOptions, type Registry } from "./registry.js";

/**
 * The registry behind `getCircuitBreaker`, `getAllCircuitBreakers` and `resetAllCircuitBreakers`.
 * Use it to log for all of its breakers, or to delete one. It never evicts.
 *
 * @example
 * ```ts
 * import { defaultRegistry, getCircuitBreaker, logTo } from "dagger-circuit-breaker";
 *
 * const stop = logTo(defaultRegistry, console);
 * getCircuitBreaker("payments").isolate("maintenance");
 * stop();
 * ```
 */
export const defaultRegistry: Registry = createUnboundedRegistry();

/**
 * Returns the breaker of that name from the registry of the process. Creates it if it does not
 * exist.
 *
 * @param options For a new breaker. For an existing one they must equal its own; leave them out to
 * accept any.
 * @throws TypeError when the options differ from those of the existing breaker, with both values.
 * Errors of the breaker's constructor.
 * @example
 * ```ts
 * import { getCircuitBreaker } from "dagger-circuit-breaker";
 *
 * const breaker = getCircuitBreaker("payments", { failureThreshold: 3, resetTimeoutMs: 30_000 });
 * console.assert(getCircuitBreaker("payments") === breaker);
 * ```
 */
export function getCircuitBreaker(name: string, options?: NamedBreakerOptions): CircuitBreaker {
  return defaultRegistry.get(name, options);
}

/** Returns a snapshot of the breakers in the registry of the process, by name. */
export function getAllCircuitBreakers(): ReadonlyMap<string, CircuitBreaker> {
  return defaultRegistry.getAll();
}

/** Resets every breaker in the registry of the process. Isolation and other manual control stay. */
export function resetAllCircuitBreakers(): void {
  defaultRegistry.resetAll();
}
