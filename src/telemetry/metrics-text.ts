/** The metrics of breakers as a page for Prometheus, with the names that an OpenTelemetry Collector makes. */

import { numberField, readOptions, show } from "../options/check.js";
import type { Registry } from "../registry/registry.js";
import type { Instrument } from "./instruments.js";
import { type Metric, type Point, pointsOf } from "./points.js";

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
  return pointsOf(circuits, maxCircuits).map(textOf).join("");
}

function textOf({ instrument, points }: Metric): string {
  if (points.length === 0) return "";
  const name = prometheusName(instrument);
  return headOf(instrument) + points.map((point) => `${name}${sampleOf(point)}\n`).join("");
}

/** Returns the `# HELP` and `# TYPE` lines of a metric. */
export function headOf(instrument: Instrument): string {
  const name = prometheusName(instrument);
  const { kind } = instrument;
  const type = kind === "counter" || kind === "histogram" ? kind : "gauge";
  return `# HELP ${name} ${instrument.description}\n# TYPE ${name} ${type}\n`;
}

/**
 * Returns the name that an OpenTelemetry Collector gives to a metric in Prometheus, such as
 * `dagger_breaker_circuit_calls_total`.
 */
export function prometheusName({ name, unit, kind }: Instrument): string {
  const seconds = unit === "s" ? "_seconds" : "";
  const total = kind === "counter" ? "_total" : "";
  return `${name.replaceAll(".", "_")}${seconds}${total}`;
}

/**
 * The label for each attribute name. Cached, because a page contains each of them thousands of
 * times.
 */
const LABELS = new Map<string, string>();

function labelOf(attribute: string): string {
  const known = LABELS.get(attribute);
  if (known !== undefined) return known;
  const label = attribute.replaceAll(".", "_");
  LABELS.set(attribute, label);
  return label;
}

/** Returns the labels and the value of a point, such as `{state="open"} 1`. */
export function sampleOf({ value, attributes }: Point): string {
  let labels = "";
  for (const name in attributes) {
    const comma = labels === "" ? "" : ",";
    labels += `${comma}${labelOf(name)}="${escaped(attributes[name] as string)}"`;
  }
  return `{${labels}} ${value}`;
}

const SPECIAL = /[\\\n"]/;

function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
