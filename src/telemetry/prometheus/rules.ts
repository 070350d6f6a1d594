/** Lists the alerts as data. Each alert has a section in docs/runbook.md. */

import {
  LIMITED,
  NAME,
  OUTCOME,
  REASON,
  SCOPE,
  SHARED,
  STATE,
  STORE,
  STORE_KIND,
  STORE_STATE,
} from "../metrics/instruments.js";
import { labelOf } from "../metrics/prometheus-text.js";
import {
  CIRCUIT_LABELS,
  circuitSeries,
  inState,
  type Matcher,
  maxBy,
  series,
  TARGET_CIRCUIT_LABELS,
  where,
} from "./promql.js";

export interface AlertRule {
  readonly alert: string;
  /** Returns the query for the targets of a job. Each result of the query is a problem. */
  readonly expr: (job: Matcher) => string;
  /** How long the query must have results before the alert fires. */
  readonly for?: string;
  readonly summary: string;
  readonly description: string;
  /** The anchor of the alert's section in docs/runbook.md. */
  readonly section: string;
}

const label = (attribute: string) => `{{ $labels.${labelOf(attribute)} }}`;
const CIRCUIT = `${label(NAME)}{{ with $labels.${labelOf(SCOPE)} }} (scope {{ . }}){{ end }}`;
const STORE_LABELS = `job, ${labelOf(STORE_KIND)}`;
const A_DAY_S = 86_400;

export const ALERT_RULES: readonly AlertRule[] = [
  {
    alert: "DaggerBreakerCallsRejected",
    expr: rejected,
    summary: `Calls to ${CIRCUIT} are rejected`,
    description:
      "The circuit has been open or half-open for more than 5 minutes, and it still rejects calls. Each rejected call or CI job fails at once or waits.",
    section: "calls-rejected",
  },
  {
    alert: "DaggerBreakerFlapping",
    expr: (job) => {
      const closings = circuitSeries("transitions", [job, where.is(REASON, "probe_succeeded")]);
      // `increase` extrapolates: from two closings in an hour it makes a little more than two.
      return `round(${maxBy(CIRCUIT_LABELS, `increase(${closings}[1h])`)}) > 2`;
    },
    summary: `The circuit ${CIRCUIT} opens and closes again and again`,
    description: "Probes have closed the circuit three times or more within an hour.",
    section: "flapping",
  },
  {
    alert: "DaggerBreakerRateLimited",
    expr: (job) => {
      const limited = circuitSeries("failures", [job, where.is(LIMITED, "true")]);
      return `${maxBy(CIRCUIT_LABELS, gained(limited, job, "15m"))} > 0`;
    },
    summary: `${CIRCUIT} limits the rate of requests`,
    description: "The upstream answered with a rate limit within the last 15 minutes.",
    section: "rate-limited",
  },
  {
    alert: "DaggerBreakerStoreUnreachable",
    expr: (job) => {
      const down = series(STORE.status, [job, where.is(STORE_STATE, "down")]);
      return `${maxBy(STORE_LABELS, down)} == 1`;
    },
    for: "2m",
    summary: `A process of {{ $labels.job }} cannot reach its ${label(STORE_KIND)} store`,
    description:
      "For 2 minutes, at least one process has decided about calls without the outcomes of other processes.",
    section: "store-unreachable",
  },
  {
    alert: "DaggerBreakerOutcomesDropped",
    expr: (job) => `${maxBy(STORE_LABELS, `increase(${series(STORE.dropped, [job])}[15m])`)} > 0`,
    summary: `Outcomes of {{ $labels.job }} do not reach the ${label(STORE_KIND)} store`,
    description:
      "Within the last 15 minutes, outcomes of calls did not reach the store. Shared circuits open later than they should.",
    section: "outcomes-dropped",
  },
  {
    alert: "DaggerBreakerProbeOverdue",
    expr: (job) => `${maxBy(CIRCUIT_LABELS, series(SHARED.probeOverdue, [job]))} > 0`,
    for: "1m",
    summary: `A probe of ${CIRCUIT} is older than its lease`,
    description:
      "The circuit has been half-open for longer than a probe may take, and no probe has reported its outcome.",
    section: "probe-overdue",
  },
  {
    alert: "DaggerBreakerIsolatedForADay",
    expr: (job) => {
      const age = circuitSeries("isolationAge", [job]);
      return `${maxBy(CIRCUIT_LABELS, age)} > ${A_DAY_S}`;
    },
    summary: `The circuit ${CIRCUIT} has been isolated for more than a day`,
    description:
      "A person isolated the circuit, and it rejects every call until the isolation ends.",
    section: "isolated-for-a-day",
  },
  {
    alert: "DaggerBreakerTargetDown",
    expr: (job) => `up{${job}} == 0\nor absent(up{${job}})`,
    for: "5m",
    summary: "Prometheus gets no metrics from {{ $labels.job }} {{ $labels.instance }}",
    description:
      "No scrape has succeeded for 5 minutes, so the other alerts for this target cannot fire.",
    section: "target-down",
  },
];

/**
 * Returns the query for calls that a circuit rejected after it had not been closed for 5 minutes.
 * Rejections of the first 5 minutes do not count. Without calls, a circuit stays open, because only a call
 * can close it. A short outage at night would otherwise fire the alert although nothing has called since.
 *
 * Each target is judged alone. The breaker of an idle process is closed, and must not hide the open breaker
 * of another process.
 */
function rejected(job: Matcher): string {
  const calls = circuitSeries("calls", [job, where.is(OUTCOME, "rejected")]);
  const closed = inState("closed", [job]);
  const ofTarget = (expression: string) => maxBy(TARGET_CIRCUIT_LABELS, expression);
  // A restarting server has no samples for a moment. That gap must not end the alert, so the last sample
  // counts.
  const isNotClosed = `${ofTarget(`last_over_time(${closed}[5m])`)} == 0`;
  const lines = [
    "",
    "  max_over_time((",
    `    ${ofTarget(`increase(${calls}[2m])`)} > 0`,
    `    and ${ofTarget(`max_over_time(${closed}[5m])`)} == 0`,
    `    and ${ofTarget(`${closed} offset 5m`)} == 0`,
    "  )[10m:1m])",
    `  and ${isNotClosed}`,
    "",
  ];
  return maxBy(CIRCUIT_LABELS, lines.join("\n"));
}

/**
 * Returns how much a counter has gained. `increase` misses the first value of a new series, such as the
 * first failure of a kind. So a new series counts in full if the page of its target had circuits at the
 * start of the window. Otherwise its value may be from before the window: the target was down then, or it
 * could not read its store.
 */
function gained(counter: string, job: Matcher, window: string): string {
  const circuits = circuitSeries("circuits", [job, where.is(STATE, "closed")]);
  return [
    "",
    `  ${counter} unless ${counter} offset ${window} and on (job, instance) ${circuits} offset ${window}`,
    `  or increase(${counter}[${window}])`,
    "",
  ].join("\n");
}
