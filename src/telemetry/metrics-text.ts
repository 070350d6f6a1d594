/** Renders the metrics of breakers as a page for Prometheus, without a metrics library. */

import type { Fleet } from "../fleet/client/fleet.js";
import { numberField, readOptions } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import { isFleet } from "./attach.js";
import { pointsOfCircuits, selectCircuits } from "./metrics/circuit-points.js";
import { PrometheusText } from "./metrics/prometheus-text.js";
import { sharedPage } from "./metrics/shared-page.js";
import { pointsOfStore } from "./metrics/store-points.js";
import { circuitsOf, type GuardedClient, sharedCircuitsOf, sourceOf } from "./source.js";

/** The `Content-Type` of the page that {@link metricsText} returns. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Options of `metricsText`. */
export interface MetricsTextOptions {
  /**
   * Maximum number of circuits with series of their own, 1 to 10,000. Circuits that are not closed come
   * first. The other circuits are added up as `_OTHER`. Default: 300.
   */
  readonly maxCircuits?: number | undefined;
}

const FIELDS = { maxCircuits: numberField(300, { min: 1, max: 10_000, whole: true }) };

/**
 * Returns the metrics of a registry's breakers, or of a Dagger client's guard, in the text format of
 * Prometheus. It reads the counts once and listens to no calls.
 *
 * @throws TypeError when `source` has no metrics, or for an unknown option. RangeError when `maxCircuits`
 * is out of range.
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
export function metricsText(source: Registry | GuardedClient, options?: MetricsTextOptions): string;
/**
 * Returns the metrics of a fleet: the store's circuits in all scopes, and this process's connection to the
 * store. Asks the store at most once a second. When the store cannot be read, the page has no circuits, and
 * `dagger_breaker_store_status` is 1 for `down`.
 */
export function metricsText(source: Fleet, options?: MetricsTextOptions): Promise<string>;
export function metricsText(
  source: Registry | GuardedClient | Fleet,
  options?: MetricsTextOptions,
): string | Promise<string> {
  const { maxCircuits } = readOptions("metricsText", options, FIELDS);
  const found = sourceOf(source);
  if (isFleet(found)) return textOfFleet(found, maxCircuits);
  const text = new PrometheusText();
  text.add(pointsOfCircuits(selectCircuits(circuitsOf(found), maxCircuits)));
  return text.toString();
}

async function textOfFleet(fleet: Fleet, maxCircuits: number): Promise<string> {
  const entries = await sharedCircuitsOf(fleet).catch(() => undefined);
  const { storeUp, ...metrics } = fleet.getMetrics();
  const store = pointsOfStore({ ...metrics, storeUp: storeUp && entries !== undefined });
  return sharedPage(entries, maxCircuits, store);
}
