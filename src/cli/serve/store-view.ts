/** The circuits of a store for monitoring. All questions within a second share one read. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { FleetStore } from "../../fleet/store.js";
import type { SharedEntry } from "../../telemetry/metrics/shared-points.js";

/** How long circuits are reused before the store is read again. */
const FRESH_MS = 1000;

/** The store of a view. */
export interface ViewedStore {
  readonly store: FleetStore;
  /** Called when the store, or one of its circuits, cannot be read. */
  readonly onStoreError: (error: unknown) => void;
}

/** The circuits of all scopes; undefined if the store cannot be read. */
export type StoreEntries = readonly SharedEntry[] | undefined;

/** Reads all circuits of a store, at most once a second. */
export class StoreView {
  readonly #viewed: ViewedStore;
  #entries: Promise<StoreEntries> | undefined;
  #readMs = Number.NEGATIVE_INFINITY;

  constructor(viewed: ViewedStore) {
    this.#viewed = viewed;
  }

  /** Returns the circuits; the same promise for a second. Never rejects. */
  entries(): Promise<StoreEntries> {
    const nowMs = performance.now();
    if (this.#entries === undefined || nowMs - this.#readMs >= FRESH_MS) {
      this.#readMs = nowMs;
      this.#entries = this.#read().catch((error: unknown) => {
        this.#viewed.onStoreError(error);
        return undefined;
      });
    }
    return this.#entries;
  }

  async #read(): Promise<readonly SharedEntry[]> {
    const { store, onStoreError } = this.#viewed;
    const entries: SharedEntry[] = [];
    for (const scope of (await store.scopes?.()) ?? []) {
      const found = await store.list(scope, (_, error) => onStoreError(error), true);
      for (const entry of found) entries.push({ ...entry, scope });
      await nextTurn();
    }
    return entries;
  }
}
