/** The data point, and the helpers that all data points of circuits share. */

import type { Instrument } from "./instruments.js";

export type Attributes = Readonly<Record<string, string>>;

/** One value of a metric. */
export interface DataPoint {
  readonly instrument: Instrument;
  readonly attributes: Attributes;
  readonly value: number;
  /** Which series of a histogram the value belongs to. */
  readonly part?: "bucket" | "sum" | "count";
}

/** Circuits that get data points of their own, and others that are only counted. */
export interface Selection<T> {
  readonly named: readonly T[];
  readonly others: readonly T[];
}

/** The name that stands for all circuits without data points of their own. */
export const OTHER = "_OTHER";

/**
 * Returns whether a circuit's name can be exported unchanged. The name `_OTHER` is reserved. UTF-8 cannot
 * encode a lone surrogate, so two names with surrogates could become equal.
 */
export function mayBeNamed({ name }: { readonly name: string }): boolean {
  return name !== OTHER && !/\p{Surrogate}/u.test(name);
}

export const STATES = ["closed", "open", "half_open", "isolated"] as const;
export type StateName = (typeof STATES)[number];

export function point(instrument: Instrument, attributes: Attributes, value: number): DataPoint {
  return { instrument, attributes, value };
}

/** Converts a word to the form used in metrics: `half-open` becomes `half_open`. */
export function wordOf(word: string): string {
  return word.replaceAll("-", "_");
}
