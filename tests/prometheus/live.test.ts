/**
 * Tests alerts and panels in a real Prometheus. Their queries must differ between a healthy hour and a
 * broken one. A scrape of a real `serve` must have the metrics that the queries name.
 */

import { expect, test } from "vitest";
import { alertsYaml } from "../../src/cli/alerts/command.js";
import { MetricsView } from "../../src/cli/serve/metrics-view.js";
import { StoreView } from "../../src/cli/serve/store-view.js";
import { WriteCheck } from "../../src/cli/serve/write-check.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { RUNS_CIRCUIT } from "../../src/fleet/rules/run-report.js";
import { CIRCUIT_DASHBOARD } from "../../src/telemetry/grafana/circuit.js";
import { FLEET_DASHBOARD } from "../../src/telemetry/grafana/fleet.js";
import { RUNS, SHARED, STORE } from "../../src/telemetry/metrics/instruments.js";
import { prometheusName } from "../../src/telemetry/metrics/prometheus-text.js";
import { METRICS_CONTENT_TYPE } from "../../src/telemetry/metrics-text.js";
import { where } from "../../src/telemetry/prometheus/promql.js";
import { ALERT_RULES } from "../../src/telemetry/prometheus/rules.js";
import { admit, limit, POLICY, settle } from "../fleet/commands.js";
import { startServer } from "../fleet/http-scene.js";
import { FleetScene, KEY } from "./fleet-scene.js";
import { TARGET } from "./recording.js";
import { type Prometheus, startPrometheus } from "./server.js";

const HOUR_S = 3600;
const READ_TOKEN = "a-token-for-scrapes-0123456789";
const RUN = { fault: null, durationMs: 90_000, waitedMs: 0, avoidedMs: 0 } as const;
const GOOD_RUN = { ...RUN, result: "success" } as const;
const BAD_RUNS = [
  { ...RUN, result: "error", fault: "registry", waitedMs: 20_000 },
  { ...RUN, result: "skip", durationMs: 50, avoidedMs: 240_000 },
] as const;

/** Plays an hour in which all is well, and then an hour in which everything breaks. */
async function playTwoHours() {
  const scene = new FleetScene();
  const startMs = scene.nowMs + 60_000;
  await scene.minutes(60, "up", [GOOD_RUN]);
  const brokenMs = scene.nowMs;
  await scene.minutes(1, "limits", BAD_RUNS);
  await scene.minutes(10, "down", BAD_RUNS);
  await scene.minutes(8, "hangs", BAD_RUNS);
  for (let round = 0; round < 4; round += 1) {
    await scene.minutes(3, "up", [GOOD_RUN]);
    await scene.minutes(2, "down", BAD_RUNS);
  }
  await scene.isolate();
  scene.droppedCount = 5;
  await scene.minutes(6, "up", BAD_RUNS);
  scene.isStoreDown = true;
  await scene.idle(4);
  scene.isStoreDown = false;
  scene.down(6);
  await scene.minutes(5, "up", BAD_RUNS);
  return { recording: scene.recording, startMs, brokenMs };
}

/** Starts `serve` without its command line: a store, its view and its server. */
async function startServe() {
  const store = memoryStore();
  await store.run(KEY, admit({ policy: POLICY }));
  await store.run(KEY, settle());
  await store.run(KEY, limit());
  await store.run(KEY, { kind: "tell", rejections: 2, runs: [], failedRunsMs: [] });
  const runs = [GOOD_RUN, ...BAD_RUNS];
  const name = RUNS_CIRCUIT;
  await store.run({ ...KEY, name }, { kind: "tell", rejections: 0, runs, failedRunsMs: [] });
  const viewed = { store, onStoreError: () => undefined };
  const view = new StoreView(viewed);
  const writing = new WriteCheck(viewed);
  const page = new MetricsView({ view, writing, kind: store.kind, droppedCount: () => 0 });
  const metrics = { token: READ_TOKEN, contentType: METRICS_CONTENT_TYPE, text: () => page.text() };
  return startServer({ store, metrics });
}

/** Fills in the variables of a dashboard in a query. */
function filled(query: string): string {
  return query
    .replaceAll("$job", TARGET.job)
    .replaceAll("$circuit", KEY.name)
    .replaceAll("$__rate_interval", "5m")
    .replaceAll("$__range", "1h");
}

/** Returns the values of each series in the hour before a time. */
async function valuesOf(prometheus: Prometheus, query: string, endS: number) {
  const start = String(endS - HOUR_S + 60);
  const parameters = { query, start, end: String(endS), step: "60" };
  const { result } = (await prometheus.ask("query_range", parameters)) as {
    result: { metric: Record<string, string>; values: [number, string][] }[];
  };
  return result.map(({ metric, values }) => [
    JSON.stringify(metric),
    values.map(([at, value]) => `${at - endS} ${Number(value).toPrecision(6)}`),
  ]);
}

test("alerts and panels tell a broken hour from a healthy one, and serve has the metrics that they name", async () => {
  const { recording, startMs, brokenMs } = await playTwoHours();
  const { url } = await startServe();
  const rules = alertsYaml({ job: "serve", severity: "page", runbook: "docs/runbook.md" });
  const target = { url, token: READ_TOKEN, job: "serve" };
  const past = [{ recording, startMs }];
  const prometheus = await startPrometheus({ past, target, rules });

  const healthyEndS = brokenMs / 1000;
  const panels = [FLEET_DASHBOARD, CIRCUIT_DASHBOARD].flatMap((one) => one.panels);
  const blind: string[] = [];
  for (const { title, queries } of panels) {
    for (const { expr } of queries) {
      const query = filled(expr);
      const healthy = await valuesOf(prometheus, query, healthyEndS);
      const broken = await valuesOf(prometheus, query, healthyEndS + HOUR_S);
      if (broken.length === 0) blind.push(`${title} has no data: ${query}`);
      if (JSON.stringify(healthy) === JSON.stringify(broken)) blind.push(`${title} is the same`);
    }
  }
  const job = where.is("job", TARGET.job);
  for (const { alert, expr } of ALERT_RULES) {
    if ((await valuesOf(prometheus, expr(job), healthyEndS)).length > 0)
      blind.push(`${alert} fires`);
    // An isolation in the broken hour is less than a day old, so the alert's limit is lowered to a minute.
    const query = expr(job).replace(" > 86400", " > 60");
    const broken = await valuesOf(prometheus, query, healthyEndS + HOUR_S);
    if (broken.length === 0) blind.push(`${alert} does not fire: ${query}`);
  }
  expect(blind).toEqual([]);

  const names = [...Object.values(SHARED), ...Object.values(RUNS), STORE.status, STORE.dropped];
  const wanted = names.map((one) => prometheusName(one) + (one === RUNS.duration ? "_count" : ""));
  const scraped = () => prometheus.ask("label/__name__/values", { "match[]": '{job="serve"}' });
  await expect.poll(scraped, { timeout: 60_000 }).toEqual(expect.arrayContaining(wanted));
  const { groups } = (await prometheus.ask("rules")) as {
    groups: { rules: { name: string; health: string }[] }[];
  };
  const health = groups.flatMap((group) => group.rules.map((rule) => rule.health));
  expect(health.length).toBe(ALERT_RULES.length);
  expect(health.filter((one) => one === "err")).toEqual([]);
});
