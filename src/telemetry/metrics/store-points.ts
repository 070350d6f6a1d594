/** Turns the state of a store, as one process sees it, into data points. Pure. */

import { STORE, STORE_KIND, STORE_STATE } from "./instruments.js";
import { type DataPoint, point } from "./point.js";

/** A store as one process sees it. */
export interface StoreView {
  /** The kind, such as `redis`. */
  readonly store: string;
  readonly storeUp: boolean;
  /** Outcomes that the store did not get. */
  readonly droppedCount: number;
}

/** Returns the data points of a store. */
export function pointsOfStore({ store, storeUp, droppedCount }: StoreView): readonly DataPoint[] {
  const own = { [STORE_KIND]: store };
  return [
    point(STORE.status, { ...own, [STORE_STATE]: "up" }, storeUp ? 1 : 0),
    point(STORE.status, { ...own, [STORE_STATE]: "down" }, storeUp ? 0 : 1),
    point(STORE.dropped, own, droppedCount),
  ];
}
