/** The dashboard of a fleet: its circuits, its runs, and the time that CI saved. */

import {
  FAULT,
  LIMITED,
  OUTCOME,
  RUN_RESULT,
  RUNS,
  SCOPE,
  STATE,
  STORE,
  STORE_KIND,
  STORE_STATE,
} from "../metrics/instruments.js";
import { labelOf } from "../metrics/prometheus-text.js";
import { CIRCUIT_LABELS, circuitSeries, maxBy, series, where } from "../prometheus/promql.js";
import type { DashboardParts, PanelParts } from "./dashboard.js";
import {
  CIRCUIT_LEGEND,
  circuitsByState,
  gain,
  JOB,
  JOB_VARIABLE,
  STATE_TEXTS,
  stateNumber,
  totalGain,
} from "./queries.js";

const REJECTED = where.is(OUTCOME, "rejected");
const WINDOW = "$__rate_interval";

/**
 * Returns the sum of a counter's gains over all scopes. Servers of one store report the same runs, so each
 * scope counts only once.
 */
function runsGain(counter: string, window: string, by = ""): string {
  const labels = ["job", labelOf(SCOPE), ...(by === "" ? [] : [by])].join(", ");
  const once = maxBy(labels, `increase(${counter}[${window}])`);
  return by === "" ? `sum(${once})` : `sum by (${by}) (${once})`;
}

const AVOIDED = runsGain(series(RUNS.avoidedTime, [JOB]), "$__range");
const WAITED = runsGain(series(RUNS.waitTime, [JOB]), "$__range");
const RESULT = labelOf(RUN_RESULT);

const SAVED: readonly PanelParts[] = [
  {
    type: "stat",
    title: "Time that CI saved",
    description:
      "A low estimate of the time that rejected runs would have taken to fail, minus the time that runs waited.",
    unit: "s",
    width: 6,
    queries: [{ expr: `${AVOIDED} - ${WAITED}`, legend: "saved" }],
  },
  {
    type: "stat",
    title: "Avoided and waited",
    description: "The two parts of the time that CI saved.",
    unit: "s",
    width: 6,
    queries: [
      { expr: AVOIDED, legend: "avoided" },
      { expr: WAITED, legend: "waited" },
    ],
  },
  {
    type: "timeseries",
    title: "Runs by result",
    description:
      "success, failure (the user's own), error (any other failure), or skip (a circuit rejected the run before it started).",
    width: 12,
    queries: [
      {
        expr: runsGain(series(RUNS.duration, [JOB], "count"), WINDOW, RESULT),
        legend: `{{ ${RESULT} }}`,
      },
    ],
  },
];

const CIRCUITS: readonly PanelParts[] = [
  {
    type: "stat",
    title: "Circuits by state",
    description:
      "All circuits, including those without series of their own. If several processes count them, the highest number.",
    width: 8,
    queries: [{ expr: circuitsByState(), legend: `{{ ${labelOf(STATE)} }}` }],
  },
  {
    type: "state-timeline",
    title: "Circuits that are not closed",
    description: "A gap means that the circuit was closed.",
    width: 16,
    values: STATE_TEXTS,
    queries: [{ expr: `${stateNumber([JOB])} > 0`, legend: CIRCUIT_LEGEND }],
  },
  {
    type: "timeseries",
    title: "Rejected calls",
    description: "Calls that a circuit rejected, by circuit.",
    width: 12,
    queries: [
      { expr: `${totalGain("calls", [JOB, REJECTED], WINDOW)} > 0`, legend: CIRCUIT_LEGEND },
    ],
  },
  {
    type: "timeseries",
    title: "Failures",
    description: "Failures by the component at fault, and by whether they were rate limits.",
    width: 12,
    queries: [
      {
        expr: `${totalGain("failures", [JOB], WINDOW, `${CIRCUIT_LABELS}, ${labelOf(FAULT)}, ${labelOf(LIMITED)}`)} > 0`,
        legend: `${CIRCUIT_LEGEND} {{ ${labelOf(FAULT)} }} limited={{ ${labelOf(LIMITED)} }}`,
      },
    ],
  },
  {
    type: "bargauge",
    title: "Time without calls",
    description:
      "The ten circuits that were open for the longest time, isolation included. If several processes report a circuit, the longest time.",
    unit: "s",
    width: 12,
    queries: [
      { expr: `topk(10, ${gain("openTime", [JOB], "$__range")} > 0)`, legend: CIRCUIT_LEGEND },
    ],
  },
  {
    type: "table",
    title: "Circuits with rejected calls",
    description: "The number of rejected calls, and the seconds until the circuit admits a call.",
    width: 12,
    queries: [
      { expr: `${totalGain("calls", [JOB, REJECTED], "$__range")} > 0`, legend: "rejected" },
      { expr: `${maxBy(CIRCUIT_LABELS, circuitSeries("retryAfter", [JOB]))} > 0`, legend: "retry" },
    ],
  },
];

const STORE_LABELS = `job, ${labelOf(STORE_KIND)}`;

const OPERATION: readonly PanelParts[] = [
  {
    type: "timeseries",
    title: "Run duration, 95th percentile",
    description: "95 of 100 runs take no longer than this, by result.",
    unit: "s",
    width: 8,
    queries: [
      {
        expr: `histogram_quantile(0.95, ${runsGain(series(RUNS.duration, [JOB], "bucket"), WINDOW, `le, ${RESULT}`)})`,
        legend: `{{ ${RESULT} }}`,
      },
    ],
  },
  {
    type: "state-timeline",
    title: "Store",
    description: "Whether a process cannot reach the store.",
    width: 8,
    values: { 0: { text: "reached", color: "green" }, 1: { text: "not reached", color: "red" } },
    queries: [
      {
        expr: maxBy(STORE_LABELS, series(STORE.status, [JOB, where.is(STORE_STATE, "down")])),
        legend: `{{ job }} {{ ${labelOf(STORE_KIND)} }}`,
      },
    ],
  },
  {
    type: "timeseries",
    title: "Dropped outcomes",
    description: "Outcomes that the store did not get.",
    width: 8,
    queries: [
      {
        expr: maxBy(STORE_LABELS, `increase(${series(STORE.dropped, [JOB])}[${WINDOW}])`),
        legend: `{{ job }} {{ ${labelOf(STORE_KIND)} }}`,
      },
    ],
  },
];

export const FLEET_DASHBOARD: DashboardParts = {
  uid: "dagger-breaker-fleet",
  title: "Circuits: fleet",
  description: "All circuits of a job, the CI runs, and the time that CI saved.",
  variables: [JOB_VARIABLE],
  panels: [...SAVED, ...CIRCUITS, ...OPERATION],
};
