/**
 * Sends the metrics of a run to an OpenTelemetry collector. This module is loaded only with
 * `--otlp`.
 */

import { OTLPMetricExporter as JsonExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtobufExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import type { RunRecord } from "../fleet/rules/run-report.js";
import type { Registry } from "../registry/registry.js";
import { circuitsOf } from "../telemetry/source.js";
import { metricsOfRun } from "./otlp-metrics.js";

/** A run that has ended, and the breakers that it used. */
export interface EndedRun {
  readonly run: RunRecord;
  readonly registry: Registry;
  readonly scope: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const SCOPE_NAME = "dagger-circuit-breaker";
const EXPORTERS = { "http/protobuf": ProtobufExporter, "http/json": JsonExporter };

/**
 * Sends the metrics of a run. The exporter reads its settings from the standard OpenTelemetry
 * variables in the environment of this process.
 *
 * @returns The reason why the metrics were not sent; undefined if they were sent. The text contains
 * no address, because an address may contain a password.
 */
export async function pushRun(
  { run, registry, scope }: EndedRun,
  env: Environment,
  limitMs: number,
): Promise<string | undefined> {
  const protocol = settingOf(env, "PROTOCOL") ?? "http/protobuf";
  if (!isSupported(protocol)) {
    return `OTEL_EXPORTER_OTLP_PROTOCOL is not supported; use ${Object.keys(EXPORTERS).join(" or ")}`;
  }
  const endpoint = settingOf(env, "ENDPOINT");
  if (endpoint !== undefined && !(/^https?:/i.test(endpoint) && URL.canParse(endpoint))) {
    return "OTEL_EXPORTER_OTLP_ENDPOINT is not a URL; use http://HOST:4318 or https://HOST:4318";
  }
  const givenMs = Number(settingOf(env, "TIMEOUT"));
  const timeoutMillis = givenMs > 0 ? Math.min(givenMs, limitMs) : limitMs;
  const exporter = new EXPORTERS[protocol]({ timeoutMillis });
  const toMs = Date.now();
  const period = { fromMs: toMs - run.durationMs, toMs };
  const figures = { run, circuits: circuitsOf(registry), scope };
  const metrics = metricsOfRun(figures, period, (type) =>
    // The exporters use another version of the SDK, whose types differ but whose values are the
    // same.
    exporter.selectAggregationTemporality(type as never),
  );
  const resourceMetrics = {
    resource: resource(),
    scopeMetrics: [{ scope: { name: SCOPE_NAME }, metrics }],
  };
  const failed = await new Promise<Error | undefined>((resolve) => {
    exporter.export(resourceMetrics as never, ({ code, error }) => {
      resolve(code === 0 ? undefined : (error ?? new Error()));
    });
  });
  return failed && reasonOf(failed);
}

/** Returns the value of a variable for metrics, or else of the variable for all signals. */
function settingOf(env: Environment, name: string): string | undefined {
  const own = env[`OTEL_EXPORTER_OTLP_METRICS_${name}`]?.trim();
  return own || env[`OTEL_EXPORTER_OTLP_${name}`]?.trim() || undefined;
}

function isSupported(protocol: string): protocol is keyof typeof EXPORTERS {
  return Object.hasOwn(EXPORTERS, protocol);
}

/** Returns the attributes of the sender. Users can replace them with environment variables. */
function resource() {
  return defaultResource()
    .merge(resourceFromAttributes({ "service.name": "dagger-breaker" }))
    .merge(detectResources({ detectors: [envDetector] }));
}

/** Returns the reason for a failure. Contains no text of the collector. */
function reasonOf(error: Error): string {
  const { code } = error as { code?: unknown };
  if (typeof code === "number") return `the collector answered with status ${code}`;
  return typeof code === "string" ? code : "no answer in time";
}
