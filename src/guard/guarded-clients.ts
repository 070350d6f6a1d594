/** Remembers the registry of each guarded client, so that metrics find the breakers of a client. */

import type { Registry } from "../registry/registry.js";

const registries = new WeakMap<object, Registry>();

/** Records that a guard with this registry guards a client from now on. */
export function noteGuarded(client: object, registry: Registry): void {
  registries.set(client, registry);
}

/**
 * Returns the registry of the guard that last guarded a client, or undefined if the client was never
 * guarded.
 */
export function registryOfClient(client: object): Registry | undefined {
  return registries.get(client);
}
