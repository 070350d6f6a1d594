/** Creates a registry in which every breaker is shared. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { NamedBreakerOptions, Registry } from "../../registry/registry.js";
import type { SharedCircuitBreaker } from "./shared-circuit-breaker.js";

/** Shared breakers by name. Each belongs to one breaker of a local registry. */
export interface SharedRegistry {
  /** The registry of the local breakers. Its limits, eviction and listeners apply. */
  readonly local: Registry;
  /**
   * Returns the shared breaker with this name. Creates it if it does not exist.
   *
   * @throws Any error of a registry's `get`. TypeError or RangeError for a breaker whose policy
   * cannot be shared.
   */
  get(name: string, options?: NamedBreakerOptions): SharedCircuitBreaker;
  /** Returns the shared breaker with this name; undefined if the registry does not have it. */
  find(name: string): SharedCircuitBreaker | undefined;
  /**
   * Returns the present shared breakers, by name. Later changes of the registry do not affect the
   * result.
   */
  getAll(): ReadonlyMap<string, SharedCircuitBreaker>;
}

/**
 * Creates a registry that shares each breaker of a local registry when the breaker is first
 * requested.
 */
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
