/** One value of a metric, and what all data points of circuits share. */

import type { Instrument } from "./instruments.js";

/** The attributes of a data point. */
export type Attributes = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface DataPoint {
  readonly instrument: Instrument;
  readonly attributes: Attributes;
  readonly value: number;
  /** The part of a histogram. */
  readonly part?: "bucket" | "sum" | "count";
}

/** The circuits that have data points of their own, and those that are only counted. */
export interface Selection<T> {
  readonly named: readonly T[];
  readonly others: readonly T[];
}

/** The name that stands for all circuits without data points of their own. */
export const OTHER = "_OTHER";

/**
 * Returns whether a circuit's name can be exported unchanged. UTF-8 has no form for a lone surrogate, so two
 * names could become one.
 */
export function mayBeNamed({ name }: { readonly name: string }): boolean {
  return name !== OTHER && !/\p{Surrogate}/u.test(name);
}

/** The states of a circuit in metrics. */
export const STATES = ["closed", "open", "half_open", "isolated"] as const;
export type StateName = (typeof STATES)[number];

/** Creates a data point. */
export function point(instrument: Instrument, attributes: Attributes, value: number): DataPoint {
  return { instrument, attributes, value };
}

/** Writes a word such as `half-open` as `half_open`, as metrics do. */
export function wordOf(word: string): string {
  return word.replaceAll("-", "_");
}
