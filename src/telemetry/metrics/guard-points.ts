/** Turns the counts of a guard into data points. Pure. */

import { ENGINE } from "../../guard/engine-name.js";
import type { GuardCounts } from "../../guard/guard-counts.js";
import { GUARD, NAME, WAIT_RESULT } from "./instruments.js";
import { type DataPoint, point } from "./point.js";

/**
 * Returns the data points of one breaker. All counters are exported from the start, even at 0: a counter
 * that first appears above 0 hides its first increase.
 */
export function pointsOfGuard(name: string, counts: GuardCounts): readonly DataPoint[] {
  const own = { [NAME]: name };
  return [
    ...Object.entries(counts.waits).map(([result, count]) =>
      point(GUARD.waits, { ...own, [WAIT_RESULT]: result }, count),
    ),
    point(GUARD.waitTime, own, counts.waitMs / 1000),
    ...(name === ENGINE ? [point(GUARD.lostSessions, own, counts.lostSessions)] : []),
    ...(name.startsWith("registry:") ? imagePoints(own, counts) : []),
  ];
}

function imagePoints(own: DataPoint["attributes"], counts: GuardCounts): readonly DataPoint[] {
  return [
    point(GUARD.avoidedRequests, own, counts.avoidedRequests),
    point(GUARD.pinnedImages, own, counts.pinnedImages),
    point(GUARD.lockedImages, own, counts.lockedImages),
    point(GUARD.mirroredImages, own, counts.mirroredImages),
  ];
}
