/** Holds the registry of this process. */

import type { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { createUnboundedRegistry, type NamedBreakerOptions, type Registry } from "./registry.js";

/**
 * The registry behind `getCircuitBreaker`, `getAllCircuitBreakers` and `resetAllCircuitBreakers`.
 * Use it to log events of all its breakers, or to delete a breaker. It never evicts breakers.
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
 * Returns the breaker with this name from the registry of the process. Creates it if it does not
 * exist.
 *
 * @param options Options of a new breaker. If the breaker exists, they must equal its options. Omit
 * them to accept any options.
 * @throws TypeError when the options differ from those of the existing breaker; the message shows
 * both values. Errors of the breaker's constructor.
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

/**
 * Returns the present breakers in the registry of the process, by name. Later changes of the
 * registry do not affect the result.
 */
export function getAllCircuitBreakers(): ReadonlyMap<string, CircuitBreaker> {
  return defaultRegistry.getAll();
}

/**
 * Resets every breaker in the registry of the process. A breaker that is isolated or otherwise
 * controlled by hand stays so.
 */
export function resetAllCircuitBreakers(): void {
  defaultRegistry.resetAll();
}
