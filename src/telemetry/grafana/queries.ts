/** The queries that both dashboards use. */

import { type Instrument, LOCAL, NAME, SCOPE, SHARED, STATE } from "../metrics/instruments.js";
import { OTHER, type StateName } from "../metrics/point.js";
import { labelOf } from "../metrics/prometheus-text.js";
import {
  CIRCUIT_LABELS,
  type CircuitMetric,
  circuitSeries,
  inState,
  type Matcher,
  maxBy,
  series,
  where,
} from "../prometheus/promql.js";
import type { ValueText, Variable } from "./dashboard.js";

/** Selects the circuits and runs of the job that the user has chosen. */
export const JOB: Matcher = where.matches("job", "$job");

export const JOB_VARIABLE: Variable = {
  name: "job",
  label: "Job",
  query: `label_values(${circuitSeries("circuits", [])}, job)`,
};

/** The legend of queries that return one series for each circuit. */
export const CIRCUIT_LEGEND = `{{ ${labelOf(NAME)} }} {{ ${labelOf(SCOPE)} }}`;

/** The states as numbers, so that one series can show every state. */
export const STATE_TEXTS: Readonly<Record<string, ValueText>> = {
  0: { text: "closed", color: "green" },
  1: { text: "half-open", color: "yellow" },
  2: { text: "open", color: "red" },
  3: { text: "isolated", color: "purple" },
};

/**
 * Returns the state of each circuit as a number of {@link STATE_TEXTS}. Processes may disagree: breakers of
 * several processes, or two servers of one store between two scrapes. Then the highest number counts. A sum
 * would turn "half-open" and "open" into "isolated".
 */
export function stateNumber(matchers: readonly Matcher[]): string {
  // `_OTHER` is left out: it stands for many circuits, so its value is a count and not a state.
  const named = [...matchers, where.isNot(NAME, OTHER)];
  const of = (state: StateName) => inState(state, named);
  return maxBy(CIRCUIT_LABELS, `${of("half_open")} or 2 * ${of("open")} or 3 * ${of("isolated")}`);
}

/** Returns the highest gain of a counter of circuits in a window, grouped by labels. */
export function gain(
  metric: CircuitMetric,
  matchers: readonly Matcher[],
  window: string,
  labels = CIRCUIT_LABELS,
): string {
  return maxBy(labels, `increase(${circuitSeries(metric, matchers)}[${window}])`);
}

/**
 * Returns the gain of a counter of circuits in a window, grouped by labels. Processes count the calls of
 * their own breakers, so these are added up. Servers of one store report the same counts, so of these the
 * highest counts.
 */
export function totalGain(
  metric: CircuitMetric,
  matchers: readonly Matcher[],
  window: string,
  labels = CIRCUIT_LABELS,
): string {
  const of = (instrument: Instrument) => `increase(${series(instrument, matchers)}[${window}])`;
  const own = maxBy(`instance, ${labels}`, of(LOCAL[metric]));
  return `(sum by (${labels}) (${own}) or ${maxBy(labels, of(SHARED[metric]))})`;
}

/** Returns the number of circuits in each state. */
export function circuitsByState(): string {
  return maxBy(`job, ${labelOf(STATE)}`, circuitSeries("circuits", [JOB]));
}
