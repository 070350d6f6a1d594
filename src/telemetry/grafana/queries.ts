/** The queries that both dashboards use. */

import { NAME, SCOPE, STATE } from "../metrics/instruments.js";
import { OTHER, type StateName } from "../metrics/point.js";
import { labelOf } from "../metrics/prometheus-text.js";
import {
  CIRCUIT_LABELS,
  type CircuitMetric,
  circuitSeries,
  inState,
  type Matcher,
  maxBy,
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

/** Returns the state of each circuit as a number of {@link STATE_TEXTS}. */
export function stateNumber(matchers: readonly Matcher[]): string {
  // `_OTHER` is left out: it stands for many circuits, so its value is a count and not a state.
  const named = [...matchers, where.isNot(NAME, OTHER)];
  const of = (state: StateName) => maxBy(CIRCUIT_LABELS, inState(state, named));
  return `${of("half_open")} + 2 * ${of("open")} + 3 * ${of("isolated")}`;
}

/** Returns how much a counter of circuits has gained in a window, grouped by labels. */
export function gain(
  metric: CircuitMetric,
  matchers: readonly Matcher[],
  window: string,
  labels = CIRCUIT_LABELS,
): string {
  return maxBy(labels, `increase(${circuitSeries(metric, matchers)}[${window}])`);
}

/** Returns the number of circuits in each state. */
export function circuitsByState(): string {
  return maxBy(`job, ${labelOf(STATE)}`, circuitSeries("circuits", [JOB]));
}
