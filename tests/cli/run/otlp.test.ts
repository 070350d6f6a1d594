/**
 * Tests that `run --otlp` sends the metrics of a run to a collector, and never fails because of the
 * collector.
 */

import { expect, test } from "vitest";
import { builtCli } from "../built-cli.js";
import { replay } from "../replay.js";
import { CUMULATIVE, DELTA, type Push, startCollector } from "./otlp-receiver.js";

const cli = builtCli();
const LIMIT_MS = 2000;

function run(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = ["--otlp"],
  exit = 3,
) {
  return cli.run(["run", ...args, "--", "sh", "-c", `exit ${exit}`], { env });
}

function metric({ metrics }: Push, name: string) {
  return metrics.find((one) => one.name === `dagger_breaker.${name}`);
}

test("sends the result of the run and the counts of its circuits, as protobuf by default", async () => {
  const { url, pushes } = await startCollector();
  const dagger = replay(cli.folder, "pull-429");
  const args = ["run", "--otlp", "--scope", "egress", "--", dagger.dagger, "call", "test"];
  const env = {
    ...dagger.env,
    OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base`,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc,x-tenant=ci",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=ci,service.name=other",
  };
  const { exitCode } = await cli.run(args, { env });
  expect(exitCode).toBe(1);
  const [push] = pushes as [Push];
  expect(pushes).toHaveLength(1);
  expect(push.url).toBe("/base/v1/metrics");
  expect(push.headers).toMatchObject({
    authorization: "Bearer abc",
    "x-tenant": "ci",
    "content-type": "application/x-protobuf",
  });
  expect(push.resource).toMatchObject({
    "service.name": "other",
    "deployment.environment.name": "ci",
    "telemetry.sdk.language": "nodejs",
  });
  const scope = { "dagger_breaker.circuit.scope": "egress" };
  const duration = metric(push, "run.duration");
  expect(duration).toMatchObject({ unit: "s", temporality: CUMULATIVE });
  expect(duration?.points[0]?.attributes).toEqual({
    ...scope,
    "cicd.pipeline.task.run.result": "error",
  });
  expect(duration?.points[0]?.buckets).toHaveLength(8);
  expect(duration?.points[0]?.buckets.reduce((sum, count) => sum + count, 0)).toBe(1);
  expect(metric(push, "run.errors")?.points).toEqual([
    { attributes: { ...scope, "error.type": "registry" }, value: 1, buckets: [] },
  ]);
  const failures = metric(push, "circuit.calls")?.points.filter(
    ({ attributes }) => attributes["dagger_breaker.call.outcome"] === "failure",
  );
  expect(failures).toEqual([
    {
      attributes: {
        "dagger_breaker.circuit.name": "registry:docker.io",
        "dagger_breaker.call.outcome": "failure",
      },
      value: 1,
      buckets: [],
    },
  ]);
  // The state of a circuit ends with the run. A backend would keep showing it.
  expect(metric(push, "circuit.status")).toBeUndefined();
});

test("heeds the variables for metrics before those for all signals", async () => {
  const { url, pushes } = await startCollector();
  const { exitCode, stderr } = await run(
    {
      DAGGER_BREAKER_OTLP: "1",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/as/it/is`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-key=of-metrics",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "delta",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_SERVICE_NAME: "nightly",
    },
    [],
  );
  expect(exitCode).toBe(3);
  expect(stderr).not.toContain("metrics");
  const [push] = pushes as [Push];
  expect(push.url).toBe("/as/it/is");
  expect(push.headers).toMatchObject({
    "content-type": "application/json",
    "content-encoding": "gzip",
    "x-key": "of-metrics",
  });
  expect(push.resource).toMatchObject({ "service.name": "nightly" });
  expect(push.metrics.map(({ temporality }) => temporality)).not.toContain(CUMULATIVE);
  expect(metric(push, "run.duration")).toMatchObject({ temporality: DELTA });
  expect(metric(push, "run.duration")?.points[0]?.attributes).toMatchObject({
    "cicd.pipeline.task.run.result": "error",
  });
});

test("sends nothing unless it is asked to, or if OpenTelemetry is disabled", async () => {
  const { url, pushes } = await startCollector();
  const OTEL_EXPORTER_OTLP_ENDPOINT = url;
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT }, []);
  await run({ OTEL_EXPORTER_OTLP_ENDPOINT, DAGGER_BREAKER_OTLP: "0" }, []);
  const disabled = await run({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: "true" });
  expect(disabled.stderr).not.toContain("metrics");
  expect(pushes).toEqual([]);
});

test("a collector that never answers costs two seconds, one line, and not the exit code", async () => {
  const { url, pushes } = await startCollector(null);
  const OTEL_EXPORTER_OTLP_HEADERS = "authorization=hunter2";
  const startMs = performance.now();
  const given = run({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS }, undefined, 0);
  const { exitCode, stderr } = await given;
  expect(exitCode).toBe(0);
  expect(pushes).toHaveLength(1);
  expect(stderr.match(/not sent.*/g)).toEqual(["not sent: no answer in time."]);
  expect(stderr).not.toContain("hunter2");
  // Without our limit, the exporter would wait for ten seconds.
  expect(performance.now() - startMs).toBeLessThan(LIMIT_MS + 7500);
});

test.each([
  ["a status", "a status", "the collector answered with status 401", {}],
  ["no collector", "http://user:hunter2@127.0.0.1:1", "ECONNREFUSED", {}],
  [
    "no URL",
    "collector:hunter2",
    "OTEL_EXPORTER_OTLP_ENDPOINT is not a URL; use http://HOST:4318",
    {},
  ],
  [
    "gRPC",
    "http://127.0.0.1:1",
    "OTEL_EXPORTER_OTLP_PROTOCOL is not supported; use http/protobuf or http/json",
    { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  ],
])("reports %s in one line without secrets", async (_, endpoint, reason, env) => {
  const url = endpoint === "a status" ? (await startCollector(401)).url : endpoint;
  const { exitCode, stderr } = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: url, ...env });
  expect(exitCode).toBe(3);
  expect(stderr.match(/The metrics of this run were not sent.*/g)).toHaveLength(1);
  expect(stderr).toContain(`The metrics of this run were not sent: ${reason}`);
  expect(stderr).not.toContain("hunter2");
});

test("a run inside a run sends to the user's collector, not to our receiver of traces", async () => {
  const { url, pushes } = await startCollector();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url };
  const inner = ["run", "--traces", "all", "--", cli.program, "run", "--otlp", "--", "true"];
  expect((await cli.run(inner, { env })).exitCode).toBe(0);
  const metrics = pushes.filter(({ url: path }) => path === "/v1/metrics");
  expect(metrics).toHaveLength(1);
});
