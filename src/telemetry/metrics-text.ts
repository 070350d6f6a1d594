/** The metrics of breakers as a page for Prometheus, without a library. */

import type { Fleet } from "../fleet/client/fleet.js";
import { numberField, readOptions, show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import { pointsOfCircuits, selectCircuits } from "./metrics/circuit-points.js";
import type { DataPoint } from "./metrics/point.js";
import { PrometheusText } from "./metrics/prometheus-text.js";
import { pointsOfStore } from "./metrics/store-points.js";

/** The `Content-Type` of the page that {@link metricsText} returns. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Options of `metricsText`. */
export interface MetricsTextOptions {
  /**
   * Maximum number of circuits with series of their own, 1 to 10,000. Circuits that are not closed
   * come first; the rest is summed as `_OTHER`. Default: 300.
   */
  readonly maxCircuits?: number | undefined;
}

const FIELDS = { maxCircuits: numberField(300, { min: 1, max: 10_000, whole: true }) };

/**
 * Returns the metrics of all breakers of a registry in the text format of Prometheus, or those of a
 * fleet's store as this process sees it. It reads them once and listens to no call. The two texts
 * have no metric in common, so one page may contain both.
 *
 * @throws TypeError when `source` is neither a registry nor a fleet, or for an unknown option. RangeError for a
 * bound out of range.
 * @example
 * ```ts no-run
 * import { createServer } from "node:http";
 * import { defaultRegistry, METRICS_CONTENT_TYPE, metricsText } from "dagger-circuit-breaker";
 *
 * createServer((_request, response) => {
 *   response.setHeader("content-type", METRICS_CONTENT_TYPE).end(metricsText(defaultRegistry));
 * }).listen(9464, "127.0.0.1");
 * ```
 */
export function metricsText(source: Registry | Fleet, options?: MetricsTextOptions): string {
  const { maxCircuits } = readOptions("metricsText", options, FIELDS);
  const text = new PrometheusText();
  text.add(pointsOf(source, maxCircuits));
  return text.toString();
}

function pointsOf(source: Registry | Fleet, maxCircuits: number): readonly DataPoint[] {
  const { getAll, getMetrics } = (source ?? {}) as Partial<Registry & Fleet>;
  if (typeof getAll === "function") {
    const breakers = [...(source as Registry).getAll().values()];
    const circuits = breakers.map((breaker) => breaker.getMetrics());
    return pointsOfCircuits(selectCircuits(circuits, maxCircuits));
  }
  const isFleet = typeof getMetrics === "function" && "store" in source;
  if (isFleet) return pointsOfStore((source as Fleet).getMetrics());
  throw new TypeError(`source is ${show(source)}, expected a registry or a fleet`);
}
