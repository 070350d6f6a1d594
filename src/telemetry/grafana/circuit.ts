/** The dashboard of one circuit. */

import { FAULT, LIMITED, NAME, OUTCOME, REASON, SCOPE, SHARED } from "../metrics/instruments.js";
import { labelOf } from "../metrics/prometheus-text.js";
import { CIRCUIT_LABELS, circuitSeries, maxBy, series, where } from "../prometheus/promql.js";
import type { DashboardParts } from "./dashboard.js";
import { gain, JOB, JOB_VARIABLE, STATE_TEXTS, stateNumber, totalGain } from "./queries.js";

const OWN = [JOB, where.is(NAME, "$circuit")];
const SCOPE_LEGEND = `{{ ${labelOf(SCOPE)} }}`;
const WINDOW = "$__rate_interval";

/** Returns the query and the legend of a counter, grouped by some of its attributes. */
function byAttributes(metric: "calls" | "failures" | "transitions", attributes: readonly string[]) {
  const labels = attributes.map(labelOf);
  return {
    expr: totalGain(metric, OWN, WINDOW, [CIRCUIT_LABELS, ...labels].join(", ")),
    legend: [...labels.map((label) => `{{ ${label} }}`), SCOPE_LEGEND].join(" "),
  };
}

export const CIRCUIT_DASHBOARD: DashboardParts = {
  uid: "dagger-breaker-circuit",
  title: "Circuits: one circuit",
  description: "The states, calls and failures of one circuit.",
  variables: [
    JOB_VARIABLE,
    {
      name: "circuit",
      label: "Circuit",
      query: `label_values(${circuitSeries("status", [JOB])}, ${labelOf(NAME)})`,
    },
  ],
  panels: [
    {
      type: "stat",
      title: "State",
      description: "The state now.",
      width: 6,
      values: STATE_TEXTS,
      queries: [{ expr: stateNumber(OWN), legend: SCOPE_LEGEND }],
    },
    {
      type: "stat",
      title: "Retry in",
      description: "The time until the circuit admits a call.",
      unit: "s",
      width: 6,
      queries: [
        {
          expr: maxBy(CIRCUIT_LABELS, circuitSeries("retryAfter", OWN)),
          legend: SCOPE_LEGEND,
        },
      ],
    },
    {
      type: "stat",
      title: "Time without calls",
      description: "The time for which the circuit was open, isolation included.",
      unit: "s",
      width: 6,
      queries: [{ expr: gain("openTime", OWN, "$__range"), legend: SCOPE_LEGEND }],
    },
    {
      type: "stat",
      title: "Rejected calls",
      description: "Calls that the circuit rejected.",
      width: 6,
      queries: [
        {
          expr: totalGain("calls", [...OWN, where.is(OUTCOME, "rejected")], "$__range"),
          legend: SCOPE_LEGEND,
        },
      ],
    },
    {
      type: "state-timeline",
      title: "States",
      description: "The state over time.",
      width: 24,
      values: STATE_TEXTS,
      queries: [{ expr: stateNumber(OWN), legend: SCOPE_LEGEND }],
    },
    {
      type: "timeseries",
      title: "Calls by outcome",
      description: "A late outcome belongs to a call from before the last change of state.",
      width: 12,
      queries: [byAttributes("calls", [OUTCOME])],
    },
    {
      type: "timeseries",
      title: "Failures",
      description: "Failures by the component at fault, and by whether they were rate limits.",
      width: 12,
      queries: [byAttributes("failures", [FAULT, LIMITED])],
    },
    {
      type: "timeseries",
      title: "Changes of state",
      description: "Changes by reason.",
      width: 12,
      queries: [byAttributes("transitions", [REASON])],
    },
    {
      type: "timeseries",
      title: "Overdue probe and isolation",
      description: "How long a probe has been overdue, and how long ago the circuit was isolated.",
      unit: "s",
      width: 12,
      queries: [
        {
          expr: maxBy(CIRCUIT_LABELS, series(SHARED.probeOverdue, OWN)),
          legend: `overdue ${SCOPE_LEGEND}`,
        },
        {
          expr: maxBy(CIRCUIT_LABELS, circuitSeries("isolationAge", OWN)),
          legend: `isolated ${SCOPE_LEGEND}`,
        },
      ],
    },
  ],
};
