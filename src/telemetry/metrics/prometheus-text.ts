/**
 * Renders data points in the text format of Prometheus. Metrics get the names that an OpenTelemetry
 * Collector would give them.
 */

import type { Instrument } from "./instruments.js";
import type { DataPoint } from "./point.js";

/** Collects data points in any order, and groups them by metric as the format requires. */
export class PrometheusText {
  readonly #families = new Map<string, string[]>();

  /**
   * Adds the lines of some points, joined to one text for each metric. A line consists of many short
   * strings, which the garbage collector would copy until the page is complete.
   */
  add(points: readonly DataPoint[]): void {
    const added = new Map<string, string[]>();
    for (const point of points) {
      const { instrument, part } = point;
      const name = prometheusName(instrument);
      const isNew = !this.#families.has(name);
      const lines = added.get(name) ?? (isNew ? [headOf(instrument, name)] : []);
      const suffix = part === undefined ? "" : `_${part}`;
      lines.push(`${name}${suffix}${sampleOf(point)}\n`);
      added.set(name, lines);
    }
    for (const [name, lines] of added) {
      const texts = this.#families.get(name) ?? [];
      texts.push(lines.join(""));
      this.#families.set(name, texts);
    }
  }

  toString(): string {
    return [...this.#families.values()].flat().join("");
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
