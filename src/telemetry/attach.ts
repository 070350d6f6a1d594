/** Attaches listeners to one breaker or to all of a registry. */

import { CircuitBreaker } from "../breaker/circuit-breaker.js";
import { show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";

/** Adds listeners to one breaker and returns how to take each of them off. */
export type Attach = (breaker: CircuitBreaker) => readonly (() => void)[];

/**
 * Attaches to a breaker, or to all breakers of a registry, those to come included. What it returns
 * detaches from the breaker, or from those that the registry holds then.
 *
 * @throws TypeError when `source` is neither.
 */
export function attachToAll(source: CircuitBreaker | Registry, attach: Attach): () => void {
  if (source instanceof CircuitBreaker) {
    const offs = attach(source);
    return () => runAll(offs);
  }
  if (typeof (source as Registry | undefined)?.onBreaker !== "function") {
    throw new TypeError(`source is ${show(source)}, expected a CircuitBreaker or a registry`);
  }
  // By the breaker itself, so that one that was evicted and dropped is not kept alive from here.
  const attached = new WeakMap<CircuitBreaker, readonly (() => void)[]>();
  const off = source.onBreaker((breaker) => void attached.set(breaker, attach(breaker)));
  return () => {
    off();
    for (const breaker of source.getAll().values()) runAll(attached.get(breaker) ?? []);
  };
}

function runAll(functions: readonly (() => void)[]): void {
  for (const each of functions) each();
}
