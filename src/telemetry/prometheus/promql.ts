/**
 * Writes queries in PromQL. Names come from the list of instruments, so that an alert or a panel cannot
 * have a second spelling of a metric.
 */

import { type Instrument, LOCAL, NAME, SCOPE, SHARED, STATE } from "../metrics/instruments.js";
import type { StateName } from "../metrics/point.js";
import { labelOf, prometheusName } from "../metrics/prometheus-text.js";

/** A condition on an attribute or on a label of Prometheus, such as `job="api"`. */
export type Matcher = string;

/** The metrics that local and shared circuits have in common. */
export type CircuitMetric = keyof typeof LOCAL & keyof typeof SHARED;

/** The labels that identify a circuit in a job. Two servers of one store report the same circuit. */
export const CIRCUIT_LABELS = ["job", labelOf(NAME), labelOf(SCOPE)].join(", ");

/** Writes a condition: `is` for an exact value, `matches` for a regular expression. */
export const where = {
  is: (attribute: string, value: string): Matcher => `${labelOf(attribute)}=${quoted(value)}`,
  isNot: (attribute: string, value: string): Matcher => `${labelOf(attribute)}!=${quoted(value)}`,
  matches: (attribute: string, value: string): Matcher => `${labelOf(attribute)}=~${quoted(value)}`,
};

/** Selects the series of a metric, or of one part of a histogram. */
export function series(
  instrument: Instrument,
  matchers: readonly Matcher[],
  part?: "bucket" | "count",
): string {
  const suffix = part === undefined ? "" : `_${part}`;
  return `${prometheusName(instrument)}${suffix}{${matchers.join(",")}}`;
}

/** Selects a metric of local and of shared circuits. Only shared circuits have a scope, so none is counted twice. */
export function circuitSeries(metric: CircuitMetric, matchers: readonly Matcher[]): string {
  const names = [LOCAL[metric], SHARED[metric]].map(prometheusName).join("|");
  return `{${[`__name__=~${quoted(names)}`, ...matchers].join(",")}}`;
}

/** Selects 1 or 0 for each circuit: whether it is in a state. */
export function inState(state: StateName, matchers: readonly Matcher[]): string {
  return circuitSeries("status", [...matchers, where.is(STATE, state)]);
}

/**
 * Takes the highest value of each group. Never a sum: several servers of one store report the same circuits,
 * and a sum would count each of them as often.
 */
export function maxBy(labels: string, expression: string): string {
  return `max by (${labels}) (${expression})`;
}

/** Quotes a text as PromQL does. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
