/** Tests that `dagger-breaker session` reports the result of its run to the store, as `run` does. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createClient } from "@redis/client";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { redisStore } from "../../src/fleet/redis/index.js";
import type { RunTotals } from "../../src/fleet/rules/report.js";
import { RUNS_CIRCUIT } from "../../src/fleet/rules/run-report.js";
import { RedisServer } from "../fleet/redis/redis-server.js";
import { authorization } from "../proxy/scene.js";
import { builtCli } from "./built-cli.js";
import { startCollector } from "./run/otlp-receiver.js";

const cli = builtCli();
const FAKE = fileURLToPath(new URL("../proxy/fake-session-cli.mjs", import.meta.url));
const RATE_LIMIT =
  'failed to resolve image "docker.io/library/alpine:1": registry-1.docker.io: 429 Too Many Requests';
let redis: RedisServer;
let session: Server;
let port = 0;
/** Returns the session's answer to a query. When undefined, the session never answers. */
let answer: (query: string) => object | undefined;

beforeAll(async () => {
  redis = await RedisServer.start();
  session = createServer(async (request, response) => {
    const { query } = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const body = answer(query);
    if (body === undefined) return;
    response.setHeader("content-type", "application/json").end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(session, "listening");
  port = (session.address() as AddressInfo).port;
});
afterAll(async () => {
  session.closeAllConnections();
  session.close();
  await redis.close();
});
beforeEach(() => {
  answer = () => ({ data: {} });
});

let scopes = 0;

interface Opened {
  readonly child: ChildProcessWithoutNullStreams;
  readonly scope: string;
  /** Sends a query as an SDK does. */
  ask(query: string, signal?: AbortSignal): Promise<Response>;
  ended(): Promise<number | null>;
}

/** Starts a session. Each session gets a scope of its own, unless the environment sets the scope. */
function start(behaviour: object, env: Readonly<Record<string, string>> = {}) {
  scopes += 1;
  const scope = env.DAGGER_BREAKER_SCOPE ?? `scope-${scopes}`;
  const child = spawn(process.execPath, [cli.program, "session"], {
    env: cli.environment({
      DAGGER_BREAKER_CLI: FAKE,
      FAKE_SESSION: JSON.stringify(behaviour),
      DAGGER_BREAKER_STORE: redis.url,
      DAGGER_BREAKER_SCOPE: scope,
      // A store on a busy machine may need longer than the default of a second.
      DAGGER_BREAKER_STORE_TIMEOUT: "10s",
      ...env,
    }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => {});
  child.stderr.resume();
  const closed = once(child, "close");
  const ended = async (): Promise<number | null> => ((await closed) as [number | null])[0];
  return { child, scope, ended };
}

async function open(env: Readonly<Record<string, string>> = {}): Promise<Opened> {
  const started = start({ lines: [`{"port":${port},"session_token":"real"}\n`] }, env);
  let text = "";
  started.child.stdout.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  await vi.waitFor(() => expect(text).toContain("\n"));
  const { port: own, session_token: token } = JSON.parse(text);
  const headers = {
    authorization: authorization({ port: own, token }),
    "content-type": "application/json",
  };
  const ask = (query: string, signal: AbortSignal | null = null) => {
    const body = JSON.stringify({ query });
    return fetch(`http://127.0.0.1:${own}/query`, { method: "POST", headers, body, signal });
  };
  return { ...started, ask };
}

/** Reads the counts of runs in a scope. Results that never occurred are left out. */
async function counted(scope: string, name = RUNS_CIRCUIT) {
  const client = createClient({ url: redis.url });
  const store = redisStore({ client });
  await store.open();
  const key = { scope, name };
  const { report } = await store.run(key, { kind: "read", report: true });
  await store.close();
  const runs: RunTotals | undefined = report?.runs;
  if (runs === undefined) return undefined;
  const { results, faults, ...rest } = runs;
  const seen = results.filter(({ count }) => count > 0);
  return { results: seen.map(({ result, count }) => [result, count]), faults, ...rest };
}

test("a session that its client closes is a success", async () => {
  const { scope, child, ask: query, ended } = await open();
  expect((await query("{ version }")).status).toBe(200);
  child.stdin.end();
  expect(await ended()).toBe(0);
  expect(await counted(scope)).toMatchObject({
    results: [["success", 1]],
    faults: [],
    waitedMs: 0,
  });
});

test("SIGTERM closes an idle session in order, and cancels one with a running request", async () => {
  const idle = await open();
  await (await idle.ask("{ version }")).text();
  idle.child.kill("SIGTERM");
  await idle.ended();
  expect((await counted(idle.scope))?.results).toEqual([["success", 1]]);

  let isAsked = false;
  answer = () => {
    isAsked = true;
    return undefined;
  };
  const busy = await open();
  busy.ask("{ host { id } }").catch(() => {});
  await vi.waitFor(() => expect(isAsked).toBe(true));
  busy.child.kill("SIGTERM");
  await busy.ended();
  expect((await counted(busy.scope))?.results).toEqual([["cancellation", 1]]);
});

test("a client that goes away during a request cancels its session", async () => {
  let isAsked = false;
  answer = () => {
    isAsked = true;
    return undefined;
  };
  const { scope, child, ask: query, ended } = await open();
  const leaving = new AbortController();
  query("{ host { id } }", leaving.signal).catch(() => {});
  await vi.waitFor(() => expect(isAsked).toBe(true));
  leaving.abort();
  child.stdin.end();
  await ended();
  expect((await counted(scope))?.results).toEqual([["cancellation", 1]]);
});

test("the last request decides, and adds its time to failure at the circuit", async () => {
  const failing = { data: null, errors: [{ message: RATE_LIMIT, path: ["container", "from"] }] };
  answer = (query) => (query.includes("alpine") ? failing : { data: {} });
  const from = '{ container { from(address: "alpine:1") { id } } }';
  const handled = await open();
  await (await handled.ask(from)).text();
  await (await handled.ask("{ version }")).text();
  handled.child.stdin.end();
  await handled.ended();
  expect((await counted(handled.scope))?.results).toEqual([["success", 1]]);

  const failed = await open();
  await (await failed.ask(from)).text();
  failed.child.stdin.end();
  await failed.ended();
  const runs = await counted(failed.scope);
  expect(runs?.results).toEqual([["error", 1]]);
  expect((await counted(failed.scope, "registry:docker.io"))?.failedMs).toHaveLength(1);
  expect(runs?.faults).toEqual([{ fault: "registry", count: 1 }]);
});

test("a session sends its metrics over OTLP, unless it belongs to a run", async () => {
  const { url, pushes } = await startCollector();
  const env = { DAGGER_BREAKER_OTLP: "1", OTEL_EXPORTER_OTLP_ENDPOINT: url };
  for (const more of [{}, { DAGGER_BREAKER_RUN: "/nowhere/run.sock" }]) {
    const { child, ended } = await open({ ...env, ...more });
    child.stdin.end();
    expect(await ended()).toBe(0);
  }
  const ofMetrics = pushes.filter((push) => push.url === "/v1/metrics");
  expect(ofMetrics).toHaveLength(1);
  const duration = ofMetrics[0]?.metrics.find(({ name }) => name === "dagger_breaker.run.duration");
  expect(duration?.points[0]?.attributes).toMatchObject({
    "cicd.pipeline.task.run.result": "success",
  });
});

test("a session of a run is counted by that run alone, even if it guards itself", async () => {
  const { scope, child, ended } = await open({ DAGGER_BREAKER_RUN: "/nowhere/run.sock" });
  child.stdin.end();
  expect(await ended()).toBe(0);
  expect(await counted(scope)).toBeUndefined();
});

test("a session that an open circuit rejects is skipped", async () => {
  const env = { _EXPERIMENTAL_DAGGER_RUNNER_HOST: "tcp://engine.example.com:8080" };
  const scope = "rejecting";
  const client = createClient({ url: redis.url });
  const store = redisStore({ client });
  await store.open();
  const key = { scope, name: "engine:engine.example.com:8080" };
  const failedRunsMs = [90_000, 90_000, 90_000, 90_000, 90_000];
  await store.run(key, { kind: "tell", rejections: 0, runs: [], failedRunsMs });
  await store.run(key, { kind: "isolate", reason: "x", owner: "ann", expiresInMs: 60_000 });
  await store.close();
  const { ended } = start({}, { ...env, DAGGER_BREAKER_SCOPE: scope });
  expect(await ended()).toBe(75);
  expect(await counted(scope)).toMatchObject({ results: [["skip", 1]], avoidedMs: 90_000 });
});
