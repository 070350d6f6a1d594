/** Reads the circuits of a store for monitoring. All requests within a second share one read. */

import { type Clock, systemClock } from "../../breaker/clock.js";
import type { FleetStore } from "../../fleet/store.js";
import { Fresh } from "../../telemetry/metrics/fresh.js";
import { readShared } from "../../telemetry/metrics/shared-page.js";
import type { SharedEntry } from "../../telemetry/metrics/shared-points.js";

/** A store to read, and the receiver of its errors. */
export interface ViewedStore {
  readonly store: FleetStore;
  /** Called when the store, or one of its circuits, cannot be read. */
  readonly onStoreError: (error: unknown) => void;
}

/** The circuits of all scopes; undefined if the store cannot be read. */
export type StoreEntries = readonly SharedEntry[] | undefined;

/** Reads all circuits of a store, at most once a second. */
export class StoreView {
  readonly #entries: Fresh<StoreEntries>;

  constructor({ store, onStoreError }: ViewedStore, clock: Clock = systemClock) {
    const onUnreadable = (_: string, error: unknown) => onStoreError(error);
    this.#entries = new Fresh(
      () =>
        readShared((question) => question(store), undefined, onUnreadable).catch(
          (error: unknown) => void onStoreError(error),
        ),
      clock,
    );
  }

  /** Returns the circuits. All calls within a second get the same promise. Never rejects. */
  entries(): Promise<StoreEntries> {
    return this.#entries.get();
  }
}
