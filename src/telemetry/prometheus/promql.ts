/**
 * Builds queries in PromQL. Metric names come from the list of instruments, so that no alert or panel can
 * misspell one.
 */

import { type Instrument, LOCAL, NAME, SCOPE, SHARED, STATE } from "../metrics/instruments.js";
import type { StateName } from "../metrics/point.js";
import { labelOf, prometheusName } from "../metrics/prometheus-text.js";

/** A condition on a label of Prometheus, such as `job="api"`. */
export type Matcher = string;

/** The metrics that both local and shared circuits have. */
export type CircuitMetric = keyof typeof LOCAL & keyof typeof SHARED;

/**
 * The labels that identify a circuit. The instance is not among them, because two servers of one store
 * report the same circuit.
 */
export const CIRCUIT_LABELS = ["job", labelOf(NAME), labelOf(SCOPE)].join(", ");

/**
 * The labels that identify a circuit of one target. Breakers of two processes may have the same name, and
 * one of them can be closed while the other is open.
 */
export const TARGET_CIRCUIT_LABELS = `instance, ${CIRCUIT_LABELS}`;

/** Builds conditions: `is` compares with an exact value, `matches` with a regular expression. */
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

/**
 * Selects a metric of both local and shared circuits. Only shared circuits have a scope label, so the two
 * kinds never mix in one group.
 */
export function circuitSeries(metric: CircuitMetric, matchers: readonly Matcher[]): string {
  const names = [LOCAL[metric], SHARED[metric]].map(prometheusName).join("|");
  return `{${[`__name__=~${quoted(names)}`, ...matchers].join(",")}}`;
}

/** Selects a series for each circuit: 1 while the circuit is in the state, else 0. */
export function inState(state: StateName, matchers: readonly Matcher[]): string {
  return circuitSeries("status", [...matchers, where.is(STATE, state)]);
}

/**
 * Returns the highest value of each group. A sum would be wrong: several servers of one store report the
 * same circuits, so a sum would count each circuit several times.
 */
export function maxBy(labels: string, expression: string): string {
  return `max by (${labels}) (${expression})`;
}

/** Quotes a text for PromQL, whose escapes are those of JSON. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
