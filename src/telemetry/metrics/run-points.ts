/** Turns the counts of runs in a store into data points. Pure. */

import { RUN_BOUNDS_S } from "../../fleet/rules/tally.js";
import { ERROR_TYPE, RUN_RESULT, RUNS, SCOPE } from "./instruments.js";
import { type DataPoint, point } from "./point.js";
import type { SharedEntry } from "./shared-points.js";

/** The most scopes on a page. Each scope takes about 60 lines, so further scopes are left out. */
const MAX_SCOPES = 20;

/**
 * Returns the data points of run counters, one counter for each scope. Scopes are sorted by name before the
 * limit, so that the same scopes are exported each time.
 */
export function pointsOfRuns(counters: readonly SharedEntry[]): readonly DataPoint[] {
  const sorted = [...counters].sort((a, b) => (a.scope < b.scope ? -1 : 1));
  return sorted.slice(0, MAX_SCOPES).flatMap(pointsOfScope);
}

function pointsOfScope({ scope, report }: SharedEntry): readonly DataPoint[] {
  if (report?.runs === undefined) return [];
  const own = { [SCOPE]: scope };
  const { results, faults, waitedMs, avoidedMs } = report.runs;
  return [
    ...results.flatMap(({ result, count, durationMs, buckets }) => {
      const attributes = { ...own, [RUN_RESULT]: result };
      const instrument = RUNS.duration;
      let sum = 0;
      const bounds = [...RUN_BOUNDS_S.map(String), "+Inf"];
      return [
        ...bounds.map((le, place): DataPoint => {
          sum += buckets[place] ?? 0;
          return { instrument, part: "bucket", attributes: { ...attributes, le }, value: sum };
        }),
        { instrument, part: "sum", attributes, value: durationMs / 1000 } as const,
        { instrument, part: "count", attributes, value: count } as const,
      ];
    }),
    ...faults.map(({ fault, count }) => {
      return point(RUNS.errors, { ...own, [ERROR_TYPE]: fault ?? "unknown" }, count);
    }),
    point(RUNS.waitTime, own, waitedMs / 1000),
    point(RUNS.avoidedTime, own, avoidedMs / 1000),
  ];
}
