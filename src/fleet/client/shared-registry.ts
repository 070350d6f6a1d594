/** A registry whose breakers are all shared. */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import type { NamedBreakerOptions, Registry } from "../../registry/registry.js";
import type { SharedCircuitBreaker } from "./shared-circuit-breaker.js";

/** Shared breakers by name, one for each breaker of a local registry. */
export interface SharedRegistry {
  /** The registry of the local breakers, with its limits, eviction and listeners. */
  readonly local: Registry;
  /**
   * Returns the shared breaker of that name. Creates it if it does not exist.
   *
   * @throws The errors of `get` of a registry, and TypeError or RangeError for a breaker whose
   * policy cannot be shared.
   */
  get(name: string, options?: NamedBreakerOptions): SharedCircuitBreaker;
  /** Returns the shared breaker of that name, if the registry has it. */
  find(name: string): SharedCircuitBreaker | undefined;
  /** Returns a snapshot of the shared breakers, by name. */
  getAll(): ReadonlyMap<string, SharedCircuitBreaker>;
}

/** Returns a registry that shares each breaker when it is first requested. */
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
