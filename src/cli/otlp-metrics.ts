/** Turns the results of one run into the metrics that an OTLP exporter sends. Does no I/O. */

import type { AggregationTemporality, MetricData } from "@opentelemetry/sdk-metrics";
import type { RunRecord } from "../fleet/rules/run-report.js";
import { RUN_BOUNDS_S } from "../fleet/rules/tally.js";
import {
  type LocalCircuit,
  pointsOfCircuits,
  selectCircuits,
} from "../telemetry/metrics/circuit-points.js";
import {
  ERROR_TYPE,
  type Instrument,
  RUN_RESULT,
  RUNS,
  SCOPE,
} from "../telemetry/metrics/instruments.js";
import { type DataPoint, point } from "../telemetry/metrics/point.js";

/** The results of one run. */
export interface RunFigures {
  readonly run: RunRecord;
  readonly circuits: readonly LocalCircuit[];
  readonly scope: string;
}

/** Returns the temporality that the user prefers for a kind of instrument. */
export type ChooseTemporality = (type: "COUNTER" | "HISTOGRAM") => AggregationTemporality;

/**
 * Values of `DataPointType`, and the value of `ValueType` for doubles. They are copied here,
 * because importing them would put a second SDK into the bundle.
 */
const HISTOGRAM = 0;
const SUM = 3;
const DOUBLE = 1;

/** The time span in which the metrics were counted, in milliseconds since 1970. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

const MAX_CIRCUITS = 300;

/**
 * Returns the counters of the run's circuits, and the result of the run. States of circuits are
 * left out, because they end with the run. A backend would show the last state for minutes.
 */
export function metricsOfRun(
  figures: RunFigures,
  period: Period,
  choose: ChooseTemporality,
): MetricData[] {
  const { circuits, run, scope } = figures;
  const counted = pointsOfCircuits(selectCircuits(circuits, MAX_CIRCUITS)).filter(
    ({ instrument, value }) => instrument.kind === "counter" && value > 0,
  );
  const temporality = choose("COUNTER");
  const sums = [...counted, ...pointsOfRun(run, scope)];
  const instruments = new Set(sums.map(({ instrument }) => instrument));
  return [
    durationOf(run, scope, period, choose("HISTOGRAM")),
    ...[...instruments].map(
      (instrument): MetricData => ({
        descriptor: descriptorOf(instrument),
        aggregationTemporality: temporality,
        dataPointType: SUM,
        isMonotonic: true,
        dataPoints: sums
          .filter((one) => one.instrument === instrument)
          .map(({ attributes, value }) => ({ ...times(period), attributes, value })),
      }),
    ),
  ];
}

function pointsOfRun(
  { result, fault, waitedMs, avoidedMs }: RunRecord,
  scope: string,
): DataPoint[] {
  const own = { [SCOPE]: scope };
  const error = point(RUNS.errors, { ...own, [ERROR_TYPE]: fault ?? "unknown" }, 1);
  return [
    ...(result === "error" ? [error] : []),
    point(RUNS.waitTime, own, waitedMs / 1000),
    point(RUNS.avoidedTime, own, avoidedMs / 1000),
  ];
}

function durationOf(
  { result, durationMs }: RunRecord,
  scope: string,
  period: Period,
  aggregationTemporality: AggregationTemporality,
): MetricData {
  const seconds = durationMs / 1000;
  const boundaries = [...RUN_BOUNDS_S];
  const place = boundaries.findIndex((bound) => seconds <= bound);
  const counts = [...boundaries, 0].map(() => 0);
  counts[place === -1 ? boundaries.length : place] = 1;
  const buckets = { boundaries, counts };
  const value = { buckets, sum: seconds, count: 1, min: seconds, max: seconds };
  return {
    descriptor: descriptorOf(RUNS.duration),
    aggregationTemporality,
    dataPointType: HISTOGRAM,
    dataPoints: [{ ...times(period), attributes: { [SCOPE]: scope, [RUN_RESULT]: result }, value }],
  };
}

function descriptorOf({ name, unit, description }: Instrument): MetricData["descriptor"] {
  return { name, unit, description, valueType: DOUBLE };
}

function times({ fromMs, toMs }: Period) {
  return { startTime: hrTime(fromMs), endTime: hrTime(toMs) };
}

/** Returns a time in the form of OpenTelemetry: seconds, and nanoseconds within the second. */
function hrTime(ms: number): [number, number] {
  const whole = Math.round(ms);
  return [Math.floor(whole / 1000), (whole % 1000) * 1_000_000];
}
