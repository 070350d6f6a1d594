/**
 * Renders data points in the text format of Prometheus. Metrics get the names that an OpenTelemetry
 * Collector would give them. The text is built in steps, so that a long page does not block the event loop.
 */

import type { Instrument } from "./instruments.js";
import type { DataPoint } from "./point.js";

/** Collects data points in any order, and groups them by metric as the format requires. */
export class PrometheusText {
  readonly #families = new Map<string, string[]>();

  add(points: readonly DataPoint[]): void {
    for (const point of points) {
      const { instrument, part } = point;
      const name = prometheusName(instrument);
      const lines = this.#families.get(name) ?? [headOf(instrument, name)];
      const suffix = part === undefined ? "" : `_${part}`;
      lines.push(`${name}${suffix}${sampleOf(point)}\n`);
      this.#families.set(name, lines);
    }
  }

  toString(): string {
    return [...this.parts()].join("");
  }

  /** Yields the text of each metric, so that the caller can pause between two metrics. */
  *parts(): Generator<string, void> {
    for (const lines of this.#families.values()) yield lines.join("");
  }
}

/** Returns the `# HELP` and `# TYPE` lines of a metric. */
function headOf({ kind, description }: Instrument, name: string): string {
  const type = kind === "counter" || kind === "histogram" ? kind : "gauge";
  return `# HELP ${name} ${description}\n# TYPE ${name} ${type}\n`;
}

/** The name of each metric. Cached, because a page contains each name thousands of times. */
const names = new Map<Instrument, string>();

/**
 * Returns the name that an OpenTelemetry Collector gives to a metric in Prometheus, such as
 * `dagger_breaker_circuit_calls_total`.
 */
export function prometheusName(instrument: Instrument): string {
  const known = names.get(instrument);
  if (known !== undefined) return known;
  const { name, unit, kind } = instrument;
  const seconds = unit === "s" ? "_seconds" : "";
  const total = kind === "counter" ? "_total" : "";
  const made = `${name.replaceAll(".", "_")}${seconds}${total}`;
  names.set(instrument, made);
  return made;
}

/** The label of each attribute. Cached, because a page contains each label thousands of times. */
const labels = new Map<string, string>();

/** Returns the Prometheus label of an attribute: dots become underscores. */
export function labelOf(attribute: string): string {
  const known = labels.get(attribute);
  if (known !== undefined) return known;
  const label = attribute.replaceAll(".", "_");
  labels.set(attribute, label);
  return label;
}

/** Returns the labels and the value of a point, such as `{state="open"} 1`. */
function sampleOf({ value, attributes }: DataPoint): string {
  let text = "";
  for (const name in attributes) {
    const comma = text === "" ? "" : ",";
    text += `${comma}${labelOf(name)}="${escaped(attributes[name] as string)}"`;
  }
  return `{${text}} ${value}`;
}

const SPECIAL = /[\\\n"]/;

function escaped(text: string): string {
  if (!SPECIAL.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}
