/** The registry of the process, which never evicts. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { createUnboundedRegistry, type NamedBreakerOptions, type Registry } from "./registry.js";

/**
 * The registry behind `getCircuitBreaker`, `getAllCircuitBreakers` and `resetAllCircuitBreakers`: to
 * log for all of its breakers, or to forget one. It never evicts.
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
 * The breaker of that name in the registry of the process, made now when there is none.
 *
 * @param options For a breaker that is made now; for one that is there they must come to the same.
 * Leave them out to take what is there.
 * @throws TypeError for options other than those of the breaker that is there, showing both, and
 * what the constructor of a breaker throws.
 *
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

/** The breakers of the process's registry at this moment, by name. */
export function getAllCircuitBreakers(): ReadonlyMap<string, CircuitBreaker> {
  return defaultRegistry.getAll();
}

/** Resets every breaker of the process's registry; isolation and other manual control stay. */
export function resetAllCircuitBreakers(): void {
  defaultRegistry.resetAll();
}
