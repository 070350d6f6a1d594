/** Writes data points as text for Prometheus, with the names that an OpenTelemetry Collector gives. */

import type { DataPoint, Instrument } from "./instruments.js";

/** The media type of the text. */
export const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const UNITS: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/** Collects data points in any order. All values of one metric come together in the text. */
export class PrometheusText {
  readonly #families = new Map<string, string[]>();

  add(points: readonly DataPoint[]): void {
    for (const { instrument, attributes, value } of points) {
      const name = prometheusName(instrument);
      const lines = this.#families.get(name) ?? [...headOf(name, instrument)];
      const labels = Object.entries(attributes).map(
        ([label, text]) => `${labelName(label)}="${escaped(text)}"`,
      );
      lines.push(`${name}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${value}\n`);
      this.#families.set(name, lines);
    }
  }

  toString(): string {
    return [...this.#families.values()].map((lines) => lines.join("")).join("");
  }
}

/** Returns the name of a metric in Prometheus. */
function prometheusName({ name, unit, kind }: Instrument): string {
  const total = kind === "counter" ? "_total" : "";
  return `${labelName(name)}${UNITS[unit] ?? ""}${total}`;
}

function headOf(name: string, { kind, description }: Instrument): readonly string[] {
  const type = kind === "counter" ? "counter" : "gauge";
  return [`# HELP ${name} ${description}\n`, `# TYPE ${name} ${type}\n`];
}

function labelName(name: string): string {
  return name.replaceAll(".", "_");
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
