/** Attaches listeners to one breaker, or to all breakers of a registry. */

import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Fleet } from "../fleet/client/fleet.js";
import { show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";

/** A function that adds listeners to one breaker and returns functions that remove them. */
export type Attach = (breaker: CircuitBreaker) => readonly (() => void)[];

/**
 * Attaches to a breaker, or to all existing and future breakers of a registry. Returns a function that
 * detaches again. For a registry, it detaches from all breakers that the registry still has.
 *
 * @throws TypeError when `source` is neither a breaker nor a registry.
 */
export function attachToAll(source: CircuitBreaker | Registry, attach: Attach): () => void {
  if (source instanceof CircuitBreaker) {
    const offs = attach(source);
    return () => runAll(offs);
  }
  if (typeof (source as Registry | undefined)?.onBreaker !== "function") {
    throw new TypeError(
      `source is ${show(source)}, expected a CircuitBreaker, a registry or a fleet`,
    );
  }
  // The key is the breaker itself and the map is weak, so an evicted breaker can be freed.
  const attached = new WeakMap<CircuitBreaker, readonly (() => void)[]>();
  const off = source.onBreaker((breaker) => void attached.set(breaker, attach(breaker)));
  return () => {
    off();
    for (const breaker of source.getAll().values()) runAll(attached.get(breaker) ?? []);
  };
}

/**
 * Returns whether a source is a fleet. Only a fleet has both `scope` and `on`: a breaker has no `scope`,
 * and a registry has no `on`.
 */
export function isFleet(source: unknown): source is Fleet {
  const { scope, on, getMetrics } = (source ?? {}) as Partial<Fleet>;
  return typeof scope === "string" && typeof on === "function" && typeof getMetrics === "function";
}

export function runAll(functions: readonly (() => void)[]): void {
  for (const each of functions) each();
}
