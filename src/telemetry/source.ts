/** Finds the source of metrics: the breakers of a registry or of a guard, or the shared circuits of a fleet. */

import type { Fleet } from "../fleet/client/fleet.js";
import { guardCountsOf } from "../guard/guard-counts.js";
import { registryOfClient } from "../guard/guarded-clients.js";
import { show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import { isFleet } from "./attach.js";
import type { LocalCircuit } from "./metrics/circuit-points.js";
import { Fresh } from "./metrics/fresh.js";
import { readShared } from "./metrics/shared-page.js";
import type { SharedEntry } from "./metrics/shared-points.js";

/** A client of the Dagger SDK that has a guard, from `guard` or `connect` of `/dagger`. */
export interface GuardedClient {
  container(...options: never[]): object;
}

/**
 * Returns the registry or the fleet behind a source.
 *
 * @throws TypeError when `source` is not a registry, a fleet or a guarded client.
 */
export function sourceOf(source: unknown): Registry | Fleet {
  if (isFleet(source)) return source;
  // The registry of a fleet lacks `onBreaker`. Its breakers have other metrics, so it is not accepted here.
  if (typeof (source as Partial<Registry> | undefined | null)?.onBreaker === "function") {
    return source as Registry;
  }
  const isObject = typeof source === "object" && source !== null;
  const registry = isObject ? registryOfClient(source) : undefined;
  if (registry !== undefined) return registry;
  throw new TypeError(
    `source is ${show(source)}, expected a registry, a guarded client of Dagger or a fleet`,
  );
}

/** Returns a snapshot of a registry's breakers, each with the counts of the guards that use it. */
export function circuitsOf(registry: Registry): LocalCircuit[] {
  return [...registry.getAll().values()].map((breaker) => {
    return { ...breaker.getMetrics(), guard: guardCountsOf(breaker) };
  });
}

const views = new WeakMap<Fleet, Fresh<readonly SharedEntry[]>>();

/**
 * Returns all circuits of a fleet's store. The exporters of this process share one answer, so that they ask
 * the store at most once a second.
 *
 * @throws FleetStoreError (as a rejection) when the store cannot be read.
 */
export function sharedCircuitsOf(fleet: Fleet): Promise<readonly SharedEntry[]> {
  const known = views.get(fleet);
  if (known !== undefined) return known.get();
  const view = new Fresh(() => readShared((question) => fleet.ask(question), fleet.scope));
  views.set(fleet, view);
  return view.get();
}
