/** Attaches listeners to one breaker or to all of a registry. */

import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import type { Fleet } from "../fleet/client/fleet.js";
import { show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";

/** Adds listeners to one breaker, and returns functions that remove them. */
export type Attach = (breaker: CircuitBreaker) => readonly (() => void)[];

/**
 * Attaches to a breaker, or to all existing and future breakers of a registry. Returns a function
 * that detaches from the breaker, or from all breakers still in the registry.
 *
 * @throws TypeError when `source` is neither.
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
  // Keyed by the breaker itself, so that an evicted breaker is not kept alive.
  const attached = new WeakMap<CircuitBreaker, readonly (() => void)[]>();
  const off = source.onBreaker((breaker) => void attached.set(breaker, attach(breaker)));
  return () => {
    off();
    for (const breaker of source.getAll().values()) runAll(attached.get(breaker) ?? []);
  };
}

/** Returns whether a source is a fleet. A breaker lacks `scope`, and a registry lacks `on`. */
export function isFleet(source: unknown): source is Fleet {
  const { scope, on, getMetrics } = (source ?? {}) as Partial<Fleet>;
  return typeof scope === "string" && typeof on === "function" && typeof getMetrics === "function";
}

export function runAll(functions: readonly (() => void)[]): void {
  for (const each of functions) each();
}
