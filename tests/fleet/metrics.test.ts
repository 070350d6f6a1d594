/** Tests `/metrics` of `serve`: names, tokens, size, and how often the page reads the store. */

import { expect, test } from "vitest";
import { MetricsView } from "../../src/cli/serve/metrics-view.js";
import { StoreView } from "../../src/cli/serve/store-view.js";
import { WriteCheck } from "../../src/cli/serve/write-check.js";
import { memoryStore } from "../../src/fleet/memory/memory-store.js";
import { RUNS_CIRCUIT } from "../../src/fleet/rules/run-report.js";
import { METRICS_CONTENT_TYPE } from "../../src/telemetry/metrics-text.js";
import { limit, settle } from "./commands.js";
import { ask, startServer, TOKEN } from "./http-scene.js";

const READ_TOKEN = "a-token-for-scrapes-0123456789";

async function startWithMetrics(store = memoryStore()) {
  const viewed = { store, onStoreError: () => undefined };
  const stored = new StoreView(viewed);
  const writing = new WriteCheck(viewed);
  const view = new MetricsView({ view: stored, writing, kind: store.kind, droppedCount: () => 7 });
  const metrics = { token: READ_TOKEN, contentType: METRICS_CONTENT_TYPE, text: () => view.text() };
  const { url } = await startServer({ store, metrics });
  return { store, url };
}

const scrape = (url: string, token = READ_TOKEN) =>
  ask(url, "/metrics", { headers: { authorization: `Bearer ${token}` } });

test("metrics have the names that a Collector gives, without instrumentation scopes", async () => {
  const { store, url } = await startWithMetrics();
  const key = { scope: "egress", name: 'registry:"docker".io\n' };
  await store.run(key, settle({ successes: 3 }));
  await store.run(key, limit());
  await store.run(key, { kind: "tell", rejections: 2, runs: [], failedRunsMs: [] });
  const { status, body, headers } = await scrape(url);
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  const own =
    'dagger_breaker_circuit_name="registry:\\"docker\\".io\\n",dagger_breaker_circuit_scope="egress"';
  const shared = "dagger_breaker_shared_circuit";
  for (const line of [
    `# TYPE ${shared}s gauge`,
    `${shared}s{dagger_breaker_circuit_state="open"} 1`,
    `# TYPE ${shared}_status gauge`,
    `${shared}_status{${own},dagger_breaker_circuit_state="closed"} 0`,
    `${shared}_status{${own},dagger_breaker_circuit_state="open"} 1`,
    `# TYPE ${shared}_calls_total counter`,
    `${shared}_calls_total{${own},dagger_breaker_call_outcome="success"} 3`,
    `${shared}_calls_total{${own},dagger_breaker_call_outcome="rejected"} 2`,
    `${shared}_failures_total{${own},dagger_breaker_fault="registry",dagger_breaker_limited="true"} 1`,
    `${shared}_transitions_total{${own},dagger_breaker_transition_reason="opened_at_once"} 1`,
    `# TYPE ${shared}_open_time_seconds_total counter`,
    `# TYPE ${shared}_retry_after_seconds gauge`,
    `${shared}_probe_overdue_seconds{${own}} 0`,
    `${shared}_isolation_age_seconds{${own}} 0`,
    'dagger_breaker_store_status{dagger_breaker_store_kind="memory",dagger_breaker_store_state="up"} 1',
    'dagger_breaker_store_dropped_total{dagger_breaker_store_kind="memory"} 7',
  ]) {
    expect(body.split("\n")).toContain(line);
  }
  expect(body).not.toContain("otel_scope");
});

test("runs are metrics of their scope, and their counter is not listed as a circuit", async () => {
  const { store, url } = await startWithMetrics();
  const key = { scope: "egress", name: RUNS_CIRCUIT };
  const run = { fault: null, durationMs: 61_500, waitedMs: 0, avoidedMs: 0 };
  const runs = [
    { ...run, result: "error" as const, fault: "registry" },
    { ...run, result: "error" as const, durationMs: 7_200_000, waitedMs: 30_000 },
    { ...run, result: "skip" as const, durationMs: 20, avoidedMs: 240_000 },
  ];
  await store.run(key, { kind: "tell", rejections: 0, runs, failedRunsMs: [] });
  const lines = (await scrape(url)).body.split("\n");
  const scope = 'dagger_breaker_circuit_scope="egress"';
  const duration = "dagger_breaker_run_duration_seconds";
  const error = `${scope},cicd_pipeline_task_run_result="error"`;
  for (const line of [
    `# TYPE ${duration} histogram`,
    `${duration}_bucket{${error},le="60"} 0`,
    `${duration}_bucket{${error},le="300"} 1`,
    `${duration}_bucket{${error},le="3600"} 1`,
    `${duration}_bucket{${error},le="+Inf"} 2`,
    `${duration}_sum{${error}} 7261.5`,
    `${duration}_count{${error}} 2`,
    `${duration}_count{${scope},cicd_pipeline_task_run_result="skip"} 1`,
    `${duration}_count{${scope},cicd_pipeline_task_run_result="cancellation"} 0`,
    "# TYPE dagger_breaker_run_errors_total counter",
    `dagger_breaker_run_errors_total{${scope},error_type="registry"} 1`,
    `dagger_breaker_run_errors_total{${scope},error_type="unknown"} 1`,
    `dagger_breaker_run_wait_time_seconds_total{${scope}} 30`,
    `dagger_breaker_run_avoided_time_seconds_total{${scope}} 240`,
    'dagger_breaker_shared_circuits{dagger_breaker_circuit_state="closed"} 0',
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.filter((line) => line.includes(RUNS_CIRCUIT))).toEqual([]);
});

test("each token opens its own page alone", async () => {
  const { url } = await startWithMetrics();
  expect((await scrape(url, TOKEN)).status).toBe(401);
  expect((await ask(url, "/metrics", { headers: {} })).status).toBe(401);
  const asScraper = { headers: { authorization: `Bearer ${READ_TOKEN}` } };
  expect((await ask(url, "/1/circuits?scope=a", asScraper)).status).toBe(401);
  expect((await ask(url, "/1/commands", { ...asScraper, method: "POST" })).status).toBe(401);
  const { url: without } = await startServer();
  expect((await ask(without, "/metrics")).status).toBe(404);
});

test("the token of clients is not valid for metrics, and is shown nowhere", async () => {
  const metrics = {
    token: TOKEN,
    contentType: METRICS_CONTENT_TYPE,
    text: async () => Buffer.from(""),
  };
  const error = await startServer({ metrics }).catch((caught: Error) => caught);
  expect(error).toBeInstanceOf(RangeError);
  expect(String(error)).not.toContain(TOKEN);
});

test("the store is read once a second at most, also while it fails", async () => {
  const store = memoryStore();
  let reads = 0;
  let fails = true;
  const counted = Object.assign(Object.create(store), {
    scopes: () => {
      reads += 1;
      return fails ? Promise.reject(new Error("secret")) : store.scopes?.();
    },
  });
  const { url } = await startWithMetrics(counted);
  const status = (state: string, value: number) =>
    `dagger_breaker_store_status{dagger_breaker_store_kind="memory",dagger_breaker_store_state="${state}"} ${value}`;
  const failed = await scrape(url);
  expect([failed.status, failed.body.includes("secret")]).toEqual([200, false]);
  expect(failed.body).toContain(status("down", 1));
  expect(failed.body).not.toContain("shared_circuit");
  fails = false;
  const body = async () => (await scrape(url)).body;
  await expect.poll(body, { timeout: 30_000 }).toContain(status("up", 1));
  reads = 0;
  const startedMs = performance.now();
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 20 }, () => scrape(url)));
  }
  expect(reads).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - startedMs) / 1000));
});

test("a thousand circuits take less than a megabyte: those not closed by name, all by state", async () => {
  const { store, url } = await startWithMetrics();
  const name = (index: number) =>
    `registry:${index}.${"registry-with-a-long-name".repeat(4)}.example.com`;
  for (let index = 0; index < 1000; index += 1) {
    const key = { scope: "egress", name: name(index) };
    await store.run(key, index % 100 === 99 ? limit() : settle());
  }
  const run = { result: "skip", fault: null, durationMs: 1, waitedMs: 1, avoidedMs: 1 } as const;
  for (let index = 0; index < 30; index += 1) {
    const key = { scope: `${index}-${"s".repeat(90)}`, name: RUNS_CIRCUIT };
    await store.run(key, { kind: "tell", rejections: 0, runs: [run], failedRunsMs: [] });
  }
  const { body } = await scrape(url);
  expect(body.length).toBeLessThan(1_000_000);
  expect(body).toContain(
    'dagger_breaker_shared_circuits{dagger_breaker_circuit_state="closed"} 990',
  );
  expect(body).toContain('dagger_breaker_shared_circuits{dagger_breaker_circuit_state="open"} 10');
  for (let index = 99; index < 1000; index += 100) expect(body).toContain(`"${name(index)}"`);
  expect(body).toContain('dagger_breaker_circuit_name="_OTHER"');
});
