/** Collects data points circuit by circuit, so that no turn of the event loop has to write them all. */

import { headOf, prometheusName, sampleOf } from "../metrics-text.js";
import type { DataPoint } from "./instruments.js";

/** Collects data points in any order. All values of one metric come together in the text. */
export class PrometheusText {
  readonly #families = new Map<string, string[]>();

  add(points: readonly DataPoint[]): void {
    for (const { instrument, ...point } of points) {
      const name = prometheusName(instrument);
      const lines = this.#families.get(name) ?? [headOf(instrument)];
      lines.push(`${name}${sampleOf(point)}\n`);
      this.#families.set(name, lines);
    }
  }

  toString(): string {
    return [...this.#families.values()].map((lines) => lines.join("")).join("");
  }
}
