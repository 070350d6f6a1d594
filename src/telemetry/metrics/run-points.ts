/** Turns the counts of runs in a store into data points. Pure. */

import { RUN_BOUNDS_S } from "../../fleet/rules/tally.js";
import { type DataPoint, RUNS } from "./instruments.js";
import type { SharedEntry } from "./shared-points.js";

/** Further scopes are left out: each takes some 60 lines. */
const MAX_SCOPES = 20;

/**
 * Returns the data points of the circuits that count runs, one for each scope. The first scopes by name are
 * listed, so that a series does not come and go.
 */
export function pointsOfRuns(counters: readonly SharedEntry[]): readonly DataPoint[] {
  const sorted = [...counters].sort((a, b) => (a.scope < b.scope ? -1 : 1));
  return sorted.slice(0, MAX_SCOPES).flatMap(pointsOfScope);
}

function pointsOfScope({ scope, report }: SharedEntry): readonly DataPoint[] {
  if (report === undefined) return [];
  const own = { "dagger_breaker.circuit.scope": scope };
  const { results, faults, waitedMs, avoidedMs } = report.runs;
  return [
    ...results.flatMap(({ result, count, durationMs, buckets }) => {
      const attributes = { ...own, "cicd.pipeline.task.run.result": result };
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
      const attributes = { ...own, "error.type": fault ?? "unknown" };
      return { instrument: RUNS.errors, attributes, value: count };
    }),
    { instrument: RUNS.waitTime, attributes: own, value: waitedMs / 1000 },
    { instrument: RUNS.avoidedTime, attributes: own, value: avoidedMs / 1000 },
  ];
}
