/** Reads the circuits of a store, and renders them in steps that do not block the event loop. */

import { isCircuit } from "../../fleet/client/circuit-name.js";
import type { FleetStore, OnUnreadable } from "../../fleet/store.js";
import type { DataPoint } from "./point.js";
import { PrometheusText } from "./prometheus-text.js";
import { pointsOfRuns } from "./run-points.js";
import {
  pointsOfAll,
  pointsOfShared,
  type SharedEntry,
  selectShared,
  sharedEntry,
} from "./shared-points.js";

/** Number of circuits to render before the event loop gets a turn. */
const AT_ONCE = 10;

/** Asks a store a question. The owner of the connection sets the limits, such as a timeout. */
export type AskStore = <T>(question: (store: FleetStore) => Promise<T>) => Promise<T>;

/**
 * Returns all entries of a store, with their counts.
 *
 * @param ownScope The scope to list when the store cannot list scopes.
 * @throws FleetStoreError (as a rejection) when the store cannot be read.
 */
export async function readShared(
  ask: AskStore,
  ownScope?: string,
  onUnreadable?: OnUnreadable,
): Promise<readonly SharedEntry[]> {
  const fallback = ownScope === undefined ? [] : [ownScope];
  const scopes = await ask(async (store) => store.scopes?.() ?? fallback);
  const entries: SharedEntry[] = [];
  for (const scope of scopes) {
    await ask(async (store) => {
      const pages = store.pages?.(scope, onUnreadable, true);
      for await (const page of pages ?? [store.list(scope, onUnreadable, true)]) {
        for (const entry of page) entries.push(sharedEntry(scope, entry));
      }
    });
    await nextTurn();
  }
  return entries;
}

/**
 * Renders the circuits and runs of a store for Prometheus.
 *
 * @param entries The entries of the store; undefined when the store could not be read.
 * @param before Data points that the page starts with.
 */
export async function sharedPage(
  entries: readonly SharedEntry[] | undefined,
  maxCircuits: number,
  before: readonly DataPoint[],
): Promise<string> {
  const text = new PrometheusText();
  text.add(before);
  if (entries === undefined) return text.toString();
  const runs = pointsOfRuns(entries.filter((entry) => !isCircuit(entry)));
  text.add(runs);
  await nextTurn();
  const selection = selectShared(entries.filter(isCircuit), maxCircuits, runs.length);
  text.add(pointsOfAll(selection));
  const { named } = selection;
  for (let from = 0; from < named.length; from += AT_ONCE) {
    await nextTurn();
    text.add(named.slice(from, from + AT_ONCE).flatMap(pointsOfShared));
  }
  await nextTurn();
  return text.toString();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
