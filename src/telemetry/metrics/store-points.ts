/** Turns the state of a store, as one process sees it, into data points. Pure. */

import type { LinkCounts } from "../../fleet/client/link/link-counts.js";
import { COMMAND_RESULT, STORE, STORE_KIND, STORE_STATE } from "./instruments.js";
import { type DataPoint, point } from "./point.js";

/** A store as one process sees it. */
export interface StoreView {
  /** The kind, such as `redis`. */
  readonly store: string;
  readonly storeUp: boolean;
  /** Number of outcomes that the store never received. */
  readonly droppedCount: number;
  /** The counts of the connection to the store. Absent in a process that does not count commands. */
  readonly commands?: LinkCounts;
}

/** Returns the data points of a store. */
export function pointsOfStore({
  store,
  storeUp,
  droppedCount,
  commands,
}: StoreView): readonly DataPoint[] {
  const own = { [STORE_KIND]: store };
  return [
    point(STORE.status, { ...own, [STORE_STATE]: "up" }, storeUp ? 1 : 0),
    point(STORE.status, { ...own, [STORE_STATE]: "down" }, storeUp ? 0 : 1),
    ...(commands === undefined ? [] : commandPoints(own, commands)),
    point(STORE.dropped, own, droppedCount),
  ];
}

function commandPoints(own: DataPoint["attributes"], counts: LinkCounts): readonly DataPoint[] {
  const results = {
    sent: counts.sentCount,
    failed: counts.failedCount,
    timed_out: counts.timedOutCount,
    unsent: counts.unsentCount,
  };
  return Object.entries(results).map(([result, count]) =>
    point(STORE.commands, { ...own, [COMMAND_RESULT]: result }, count),
  );
}
