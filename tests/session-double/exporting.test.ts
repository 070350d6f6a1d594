/** Tests when and where the double's engine exports its spans, as the environment of its CLI configures it. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "@dagger.io/dagger";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { evidenceFromSpans } from "../../src/attribution/index.js";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { decodeSpans, type EngineSpan } from "../../src/traces/index.js";
import { type FakeCollector, startCollector } from "../traces/fake-collector.js";
import { type BuiltTestKit, buildTestKit } from "./built.js";
import { ask, send } from "./client.js";

const VERSION = '{"query":"{ version }"}';

function spansOf({ received }: FakeCollector): EngineSpan[] {
  return received.flatMap(({ body }) => decodeSpans(body));
}

function names(collector: FakeCollector): string[] {
  return spansOf(collector).map(({ name }) => name);
}

function traceparent(flags = "01", trace = randomBytes(16).toString("hex")): string {
  return `00-${trace}-${randomBytes(8).toString("hex")}-${flags}`;
}

let collector: FakeCollector;

beforeEach(async () => {
  collector = await startCollector();
});

afterEach(() => collector[Symbol.asyncDispose]());

describe("a session opened in this process", () => {
  test("sends its spans to the endpoint of its options, below the span of the request", async () => {
    await using session = await startSessionDouble({
      traces: { endpoint: `${collector.endpoint}/token`, scheduleDelayMs: 0 },
    });
    const header = traceparent();
    await send(session, { body: VERSION, headers: { traceparent: header } });
    await expect.poll(() => names(collector).sort()).toEqual(["POST /query", "Query.version"]);
    const [, trace, parent] = header.split("-");
    const request = spansOf(collector).find(({ name }) => name === "POST /query");
    expect(request).toMatchObject({ trace, parent });
    const [{ path, headers } = { path: "", headers: {} }] = collector.received;
    expect(path).toBe("/v1/traces/token");
    expect(headers["content-type"]).toBe("application/x-protobuf");
  });

  test("collects them for five seconds by default, and sends them when it stops", async () => {
    const session = await startSessionDouble({ traces: { endpoint: collector.endpoint } });
    await using other = await session.openSession();
    await send(session, { body: VERSION });
    await send(other, { body: VERSION });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(collector.received).toHaveLength(0);
    await other.stop();
    expect(names(collector)).toHaveLength(2);
    await session.stop();
    expect(names(collector)).toHaveLength(4);
  });

  test("sends nothing without the option", async () => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.endpoint);
    const session = await startSessionDouble();
    await send(session, { body: VERSION });
    await session.stop();
    vi.unstubAllEnvs();
    expect(collector.received).toHaveLength(0);
  });

  test("sends nothing for an unsampled request", async () => {
    const session = await startSessionDouble({ traces: { endpoint: collector.endpoint } });
    await send(session, { body: VERSION, headers: { traceparent: traceparent("00") } });
    await send(session, {
      body: '{"query":"{ __typename }"}',
      headers: { traceparent: "nonsense" },
    });
    await session.stop();
    expect(names(collector)).toEqual(["POST /query"]);
    expect(spansOf(collector)[0]?.parent).toBe("");
  });

  test("loses unsent spans when its CLI or its engine is killed", async () => {
    const session = await startSessionDouble({ traces: { endpoint: collector.endpoint } });
    const other = await session.openSession();
    await send(other, { body: VERSION });
    await other.dropCli();
    await other.stop();
    const hanging = session.fail({ operation: "from", kind: "hang" });
    const pull = ask(session, '{ container { from(address: "a") { platform } } }');
    await expect.poll(() => session.requestsTo("docker.io")).toBe(2);
    session.kill();
    await pull;
    hanging();
    await session.stop();
    expect(names(collector)).not.toContain("Query.version");
    expect(names(collector)).not.toContain("POST /query");
  });

  test("is not slowed by a collector that never answers, or ended by a missing one", async () => {
    await using deaf = await startCollector(() => undefined);
    await using session = await startSessionDouble({
      traces: { endpoint: deaf.endpoint, scheduleDelayMs: 0 },
    });
    await using other = await startSessionDouble({
      traces: { endpoint: "http://127.0.0.1:9/v1/traces", scheduleDelayMs: 0 },
    });
    for (const asked of [session, other]) {
      for (let times = 0; times < 20; times += 1) {
        expect((await send(asked, { body: VERSION })).status).toBe(200);
      }
    }
  });

  test("exports how long a host took, with any fault", async () => {
    const session = await startSessionDouble({
      traces: { endpoint: collector.endpoint },
      faults: [
        { host: "quay.io", kind: "latency", latencyMs: 120 },
        { host: "auth.docker.io", kind: "hang" },
      ],
    });
    await ask(session, '{ container { from(address: "quay.io/a/b") { platform } } }');
    const leaving = new AbortController();
    const { signal } = leaving;
    const given = ask(session, '{ container { from(address: "c") { platform } } }', { signal });
    // The delay starts when the host has been asked, because a busy machine may take long until then.
    await vi.waitFor(() => expect(session.requestsTo("auth.docker.io")).toBe(1));
    setTimeout(() => leaving.abort(), 150);
    await expect(given).rejects.toThrow();
    await session.stop();
    const [slow, hung, ...more] = evidenceFromSpans(spansOf(collector), { timedOutAfterMs: 150 });
    expect(slow).toMatchObject({ host: "quay.io", outcome: "answered" });
    expect(slow?.durationMs).toBeGreaterThanOrEqual(110);
    expect(hung).toMatchObject({
      host: "auth.docker.io",
      servesHost: "docker.io",
      outcome: "failed",
    });
    expect(more).toEqual([]);
  });
});

describe("a session opened by a CLI", () => {
  let kit: BuiltTestKit;
  let double: SessionDouble;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    kit = await buildTestKit();
  });

  afterAll(() => kit.remove());

  beforeEach(async () => {
    vi.stubEnv("DAGGER_SESSION_PORT", undefined);
    vi.stubEnv("DAGGER_SESSION_TOKEN", undefined);
    double = await kit.testing.startSessionDouble();
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const child of started.splice(0)) child.kill("SIGKILL");
    await double.stop();
  });

  async function startCli(environment: object, attaches = true) {
    const child = spawn(kit.testing.sessionDoubleCliPath(), ["session"], {
      env: {
        ...process.env,
        ...(attaches && (await double.cliEnvironment())),
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
        ...environment,
      },
      stdio: ["pipe", "pipe", "inherit"],
    });
    started.push(child);
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { port, session_token } = JSON.parse(line.toString());
    const session = { port, token: session_token } as SessionDouble;
    return { child, session, ended: once(child, "close") };
  }

  const ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

  test.each([
    ["a double in another process", true],
    ["a double of its own", false],
  ])("sends the spans of %s, earlier if configured", async (_, attaches) => {
    const environment = { [ENDPOINT]: collector.endpoint, OTEL_BSP_SCHEDULE_DELAY: "50" };
    const { session } = await startCli(environment, attaches);
    await send(session, { body: VERSION });
    // By default the export comes only after 5 s.
    await expect
      .poll(() => names(collector).sort(), { timeout: 3_000 })
      .toEqual(["POST /query", "Query.version"]);
  });

  test.each([
    ["gets SIGTERM", true, (child: ChildProcess) => child.kill("SIGTERM")],
    ["gets SIGTERM", false, (child: ChildProcess) => child.kill("SIGTERM")],
    ["has no more input", true, (child: ChildProcess) => child.stdin?.end()],
  ])("sends all spans before it ends when it %s (attached: %s)", async (_, attaches, end) => {
    const { child, session, ended } = await startCli({ [ENDPOINT]: collector.endpoint }, attaches);
    await send(session, { body: VERSION });
    const pull =
      '{ container { from(address: "a") { withExec(args: ["sleep","30"]) { stdout } } } }';
    const given = ask(session, pull).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(collector.received).toHaveLength(0);
    end(child);
    expect(await ended).toEqual([0, null]);
    await given;
    const stdout = spansOf(collector).find(({ name }) => name === "Container.stdout");
    expect(stdout).toMatchObject({
      message: "context canceled",
      attributes: { "dagger.io/dag.canceled": true },
    });
    expect(names(collector).filter((name) => name === "POST /query")).toHaveLength(2);
  });

  test("sends all spans when the double stops, and none when it is killed", async () => {
    const gone = await startCli({ [ENDPOINT]: collector.endpoint });
    await send(gone.session, { body: '{"query":"{ defaultPlatform }"}' });
    const killed = double.fail({ operation: "from", kind: "cliGone" });
    await ask(gone.session, '{ container { from(address: "a") { platform } } }').catch(() => {});
    expect(await gone.ended).toEqual([0, null]);
    killed();
    const left = await startCli({ [ENDPOINT]: collector.endpoint });
    await send(left.session, { body: VERSION });
    await double.stop();
    expect(await left.ended).toEqual([0, null]);
    expect(names(collector).sort()).toEqual(["POST /query", "Query.version"]);
  });

  test.each<[string, object, string[]]>([
    ["nothing with the sampler always_off", { OTEL_TRACES_SAMPLER: "always_off" }, []],
    ["nothing without an endpoint", { [ENDPOINT]: "" }, []],
    ["nothing to an endpoint for gRPC", { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc" }, []],
    ["all with the sampler always_on", { OTEL_TRACES_SAMPLER: "always_on" }, ["0", "8", "f"]],
    [
      "a part with a ratio, by the id of the trace",
      { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.6" },
      ["0", "8"],
    ],
    [
      "all in spite of what the engine ignores",
      { OTEL_SDK_DISABLED: "true", OTEL_TRACES_EXPORTER: "none" },
      ["0", "8", "f"],
    ],
  ])("sends %s", async (_, environment, expected) => {
    const { child, session, ended } = await startCli({
      [ENDPOINT]: collector.endpoint,
      ...environment,
    });
    for (const digit of ["0", "8", "f"]) {
      const trace = `${"1".repeat(16)}${digit.repeat(16)}`;
      const headers = { traceparent: traceparent("01", trace) };
      await send(session, { body: '{"query":"{ __typename }"}', headers });
    }
    child.kill("SIGTERM");
    await ended;
    expect(spansOf(collector).map(({ trace }) => trace.slice(-1))).toEqual(expected);
  });

  test("sends the headers for all signals in its environment, and uses its own path", async () => {
    const { child, session, ended } = await startCli({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint.replace("/v1/traces", "/base"),
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc, x-team = one,,broken",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-ignored=1",
    });
    await send(session, { body: VERSION });
    child.kill("SIGTERM");
    await ended;
    const [{ path, headers } = { path: "", headers: {} }] = collector.received;
    expect(path).toBe("/base/v1/traces");
    expect(headers).toMatchObject({ authorization: "Bearer abc", "x-team": "one" });
    expect(headers).not.toHaveProperty("x-ignored");
  });

  test("has the environment of the process that uses the SDK", async () => {
    const environment = {
      ...(await double.cliEnvironment()),
      [ENDPOINT]: collector.endpoint,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
      OTEL_BSP_SCHEDULE_DELAY: "100",
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await connect(async (client) => {
      await client.container().from("busybox").withExec(["true"]).sync();
    });
    await expect.poll(() => names(collector)).toContain("Container.sync");
    expect(evidenceFromSpans(spansOf(collector))).toMatchObject([
      { kind: "registry", host: "registry-1.docker.io", outcome: "answered" },
    ]);
  });
});
