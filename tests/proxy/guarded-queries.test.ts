// Tests queries through the proxy to the session double: what the guard admits, rejects and learns.

import { request as httpRequest } from "node:http";
import { expect, test, vi } from "vitest";
import type { SessionAddress } from "../../src/proxy/sessions/session-address.js";
import { createRegistry } from "../../src/registry/registry.js";
import { VirtualClock } from "../../src/testing/index.js";
import { DEFAULT_ENGINE } from "../session-double/engines.js";
import { ask, authorization, jsonOf, startScene } from "./scene.js";

const from = (image: string) =>
  `{ container { from(address: "${image}") { withExec(args: ["true"]) { stdout } } } }`;

const SLEEP =
  '{ container { from(address: "alpine:3") { withExec(args: ["sleep", "600"]) { stdout } } } }';
const PULL_FAILS = { host: "docker.io", kind: "status", status: 503 } as const;
const TRIP_AT_ONCE = { failureThreshold: 1 };

test("relays a query to the session and its answer back", async () => {
  await using scene = await startScene();
  const answer = await scene.ask("{ version }");
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ data: { version: DEFAULT_ENGINE } });
  expect(scene.proxy.counts).toEqual({ requests: 1, rejected: 0, timedOut: 0, lost: 0 });
  expect(scene.double.queries).toBe(1);
});

test("a rejection has the one form that all SDKs accept, byte for byte", async () => {
  const registry = createRegistry({ defaults: { clock: new VirtualClock() } });
  const breakers = { "registry:docker.io": { ...TRIP_AT_ONCE, resetTimeoutMs: 60_000 } };
  await using scene = await startScene({ registry, breakers });
  scene.double.fail(PULL_FAILS);
  expect((await jsonOf(await scene.ask(from("alpine:3")))).errors.length).toBe(1);
  const sent = scene.double.queries;
  const answer = await scene.ask(from("debian:12"));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(await answer.text()).toBe(
    '{"data":null,"errors":[{"message":"circuit open: registry:docker.io, retry in 60s","path":["container","from"],"extensions":{"_type":"CIRCUIT_OPEN","upstream":"registry:docker.io","reason":"open","retryAfterMs":"60000"}}]}',
  );
  expect(scene.double.queries).toBe(sent);
  expect(scene.proxy.counts).toMatchObject({ requests: 2, rejected: 1 });
  expect((await scene.ask(from("ghcr.io/other/image:1"))).status).toBe(200);
});

test("all connections of a session share the guard's state", async () => {
  await using scene = await startScene();
  await scene.ask(from("alpine:3"));
  scene.guard.upstream("registry:docker.io")?.isolate("away");
  const known = await ask(scene.proxy.address, from("alpine:3"), { connection: "close" });
  expect(await known.json()).toHaveProperty("data.container");
  const unknown = await ask(scene.proxy.address, from("alpine:4"), { connection: "close" });
  expect((await jsonOf(unknown)).errors[0].extensions._type).toBe("CIRCUIT_OPEN");
});

/** Sends a query that its client can abort. */
function post(address: SessionAddress, query: string) {
  const request = httpRequest({
    port: address.port,
    host: "127.0.0.1",
    method: "POST",
    path: "/query",
    agent: false,
    headers: { authorization: authorization(address), "content-type": "application/json" },
  });
  request.on("error", () => undefined);
  request.end(JSON.stringify({ query }));
  return request;
}

/** Resolves once a condition holds. Otherwise the test's own timeout ends the wait. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("a client that leaves while its query waits for a circuit changes nothing", async () => {
  const breakers = { "registry:docker.io": TRIP_AT_ONCE };
  await using scene = await startScene({ onOpen: "wait", breakers });
  const heal = scene.double.fail(PULL_FAILS);
  await scene.ask(from("alpine:3"));
  heal();
  const request = post(scene.proxy.address, from("alpine:3"));
  await eventually(() => scene.proxy.counts.requests === 2);
  const isClosed = new Promise((resolve) => request.once("close", resolve));
  request.destroy();
  await isClosed;
  expect((await scene.ask("{ version }")).status).toBe(200);
  expect(scene.double.queries).toBe(2);
  expect(scene.guard.engine.getMetrics().metrics).toMatchObject({
    successCount: 2,
    failureCount: 0,
    ignoredCount: 0,
  });
  expect(scene.guard.upstream("registry:docker.io")?.getMetrics().metrics).toMatchObject({
    successCount: 0,
    failureCount: 1,
    ignoredCount: 0,
  });
});

test("a client that leaves during its query drops it, and nothing is counted", async () => {
  await using scene = await startScene();
  const request = post(scene.proxy.address, SLEEP);
  await eventually(() => scene.double.commandsRunning === 1);
  request.destroy();
  await eventually(() => scene.double.commandsRunning === 0);
  const engine = scene.guard.engine.getMetrics();
  expect(engine.metrics).toMatchObject({ successCount: 0, failureCount: 0, ignoredCount: 1 });
  expect(scene.proxy.counts).toEqual({ requests: 1, rejected: 0, timedOut: 0, lost: 0 });
});

test("drops a query that takes too long; an engine that answers `version` is not at fault", async () => {
  await using scene = await startScene({ operationTimeoutMs: 300 });
  const answer = await scene.ask(SLEEP);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({
    data: null,
    errors: [
      {
        message: "timed out after 300 ms",
        path: ["container"],
        extensions: { _type: "TIMED_OUT", upstream: "engine", timeoutMs: "300" },
      },
    ],
  });
  await eventually(() => scene.double.commandsRunning === 0);
  expect(scene.proxy.counts).toMatchObject({ requests: 1, timedOut: 1 });
  expect(scene.guard.engine.getMetrics().metrics).toMatchObject({ failureCount: 0 });
  expect((await scene.ask("{ version }")).status).toBe(200);
});

test("relays the answer that reports a lost session, and sends no later query", async () => {
  await using scene = await startScene();
  scene.double.kill();
  const first = await scene.ask("{ version }");
  expect([first.status, await first.text()]).toEqual([
    502,
    'http do: Post "http://dagger/query": dial unix /run/dagger/engine.sock: connect: connection refused',
  ]);
  const sent = scene.double.queries;
  const second = await jsonOf(await scene.ask("{ version }"));
  expect(second.errors[0].extensions).toEqual({ _type: "SESSION_LOST", upstream: "engine" });
  expect(second.errors[0].message).toMatch(/^the session to the Dagger engine is lost/);
  expect(scene.double.queries).toBe(sent);
  expect(scene.proxy.counts).toMatchObject({ requests: 2, lost: 1 });
});

test.each(["first", "later"])(
  "a killed CLI loses the session for the %s query of a waiting connection",
  async (which) => {
    await using scene = await startScene();
    if (which === "later") await scene.ask("{ version }");
    const pending = scene.ask(SLEEP);
    await eventually(() => scene.double.commandsRunning === 1);
    await scene.double.dropCli();
    const answer = await jsonOf(await pending);
    expect(answer.errors[0].extensions).toEqual({ _type: "SESSION_LOST", upstream: "engine" });
    expect(scene.guard.engine.getMetrics().metrics.failureCount).toBe(1);
  },
);

test("closing the proxy ends queries in flight, and counts nothing", async () => {
  await using scene = await startScene();
  const pending = scene.ask(SLEEP).then(
    () => "answered",
    () => "cut",
  );
  await eventually(() => scene.double.commandsRunning === 1);
  await scene.proxy.close();
  expect(await pending).toBe("cut");
  await eventually(() => scene.double.commandsRunning === 0);
  expect(scene.guard.engine.getMetrics().metrics.failureCount).toBe(0);
});

test("many parallel queries on separate connections cause no warning", async () => {
  const warnings: Error[] = [];
  // A receiver of traces that an earlier test has closed may still warn. This scene has none.
  const listen = (warning: Error & { code?: string }) =>
    warning.code === "traces-dropped" || warnings.push(warning);
  process.on("warning", listen);
  await using scene = await startScene({ operationTimeoutMs: 60_000 });
  // Fake timers switch off the proxy's limit on the time before the token. Clients and proxy share one
  // process, so on a busy machine a client could exceed that limit.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const answers = await Promise.all(
    Array.from({ length: 1000 }, async () => jsonOf(await scene.ask("{ version }"))),
  ).finally(() => vi.useRealTimers());
  expect(answers.filter(({ data }) => data?.version === DEFAULT_ENGINE).length).toBe(1000);
  process.off("warning", listen);
  expect(warnings.map(({ message }) => message)).toEqual([]);
  expect(scene.proxy.counts.requests).toBe(1000);
});
