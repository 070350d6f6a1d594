/** The metrics of breakers as a page for Prometheus, without a library. */

import { numberField, readOptions, show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import { pointsOfCircuits, selectCircuits } from "./metrics/circuit-points.js";
import { PrometheusText } from "./metrics/prometheus-text.js";

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
 * Returns the metrics of all breakers of a registry in the text format of Prometheus. It reads them
 * once and listens to no call.
 *
 * @throws TypeError when `registry` is not a registry, or for an unknown option. RangeError for a
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
export function metricsText(registry: Registry, options?: MetricsTextOptions): string {
  const { maxCircuits } = readOptions("metricsText", options, FIELDS);
  if (typeof (registry as Registry | undefined)?.getAll !== "function") {
    throw new TypeError(`registry is ${show(registry)}, expected a registry`);
  }
  const circuits = [...registry.getAll().values()].map((breaker) => breaker.getMetrics());
  const text = new PrometheusText();
  text.add(pointsOfCircuits(selectCircuits(circuits, maxCircuits)));
  return text.toString();
}
