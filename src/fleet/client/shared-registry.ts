/** A registry whose breakers are all shared. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { NamedBreakerOptions, Registry } from "../../registry/registry.js";
import type { SharedCircuitBreaker } from "./shared-circuit-breaker.js";

/** The shared breakers of a registry, by the names they have there. */
export interface SharedRegistry {
  /** The breakers of this process: limits, eviction and listeners are those of this registry. */
  readonly local: Registry;
  /**
   * The shared breaker of that name, made now when there is none.
   *
   * @throws What `get` of a registry throws, and TypeError or RangeError for a breaker whose policy
   * cannot be shared.
   */
  get(name: string, options?: NamedBreakerOptions): SharedCircuitBreaker;
  /** The shared breaker of that name if the registry has it. */
  find(name: string): SharedCircuitBreaker | undefined;
  /** The shared breakers of this moment by name. */
  getAll(): ReadonlyMap<string, SharedCircuitBreaker>;
}

/** Shares every breaker of a registry that somebody asks for. */
export function sharedRegistry(
  local: Registry,
  share: (breaker: CircuitBreaker) => SharedCircuitBreaker,
): SharedRegistry {
  return {
    local,
    get: (name, options) => share(local.get(name, options)),
    find: (name) => {
      const breaker = local.find(name);
      return breaker && share(breaker);
    },
    getAll: () => new Map([...local.getAll()].map(([name, breaker]) => [name, share(breaker)])),
  };
}
