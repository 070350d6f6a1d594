/** Builds the text for Prometheus in steps, so that a long page does not block the event loop. */

import { headOf, prometheusName, sampleOf } from "../metrics-text.js";
import type { DataPoint } from "./instruments.js";

/** Collects data points in any order. The text groups them by metric, as the format requires. */
export class PrometheusText {
  readonly #families = new Map<string, string[]>();

  add(points: readonly DataPoint[]): void {
    for (const { instrument, part, ...point } of points) {
      const name = prometheusName(instrument);
      const lines = this.#families.get(name) ?? [headOf(instrument)];
      const suffix = part === undefined ? "" : `_${part}`;
      lines.push(`${name}${suffix}${sampleOf(point)}\n`);
      this.#families.set(name, lines);
    }
  }

  toString(): string {
    return [...this.#families.values()].map((lines) => lines.join("")).join("");
  }
}
