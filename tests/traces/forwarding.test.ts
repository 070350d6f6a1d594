/**
 * Tests how traces are forwarded to the user's collector. Failures of the collector must not affect
 * exporters.
 */

import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Forwarder, type ForwarderOptions } from "../../src/traces/forwarding/forwarder.js";
import { decodeSpans } from "../../src/traces/otlp/decode.js";
import type { OwnSpan } from "../../src/traces/otlp/encode.js";
import { startTraceReceiver, type TraceReceiver } from "../../src/traces/receiver/receiver.js";
import type { TraceReceiverOptions } from "../../src/traces/receiver/receiver-options.js";
import { startOwnTime } from "../own-time.js";
import { BODY, ok, post, RECORDED_BODIES, startCollector, status } from "./fake-collector.js";

const ownMs = startOwnTime();
const warn = vi.spyOn(process, "emitWarning");
const toClose: { close(): unknown }[] = [];

beforeEach(() => void warn.mockReset().mockReturnValue());
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((one) => one.close()));
});

async function start(options: TraceReceiverOptions): Promise<TraceReceiver> {
  const receiver = await startTraceReceiver({ closeTimeoutMs: 100, ...options });
  toClose.push(receiver);
  return receiver;
}

/** Creates a forwarder with short delays between retries. */
function forwarder(endpoint: string, options: Partial<ForwarderOptions> = {}): Forwarder {
  const made = new Forwarder({
    endpoint,
    maxQueueBytes: 1_000_000,
    maxQueuedBodies: 100,
    resourceAttributes: {},
    tryTimeoutMs: 200,
    maxTries: 3,
    backoff: { initialDelayMs: 10, backoffFactor: 2, maxDelayMs: 50, jitter: false },
    random: Math.random,
    ...options,
  });
  toClose.push(made);
  return made;
}

const own = (name: string): OwnSpan => ({
  kind: "client",
  name,
  trace: "0af7651916cd43dd8448eb211c80319c",
  id: "b7ad6b7169203331",
  parent: "",
  startNs: "1795473288071256976",
  endNs: "1795473288088305541",
  status: "ok",
  message: "",
  attributes: { "breaker.name": "engine" },
});

const hash = (body: Uint8Array): string => createHash("sha256").update(body).digest("hex");

describe("a body", () => {
  test("is forwarded byte for byte, in order, with its compression", async () => {
    await using collector = await startCollector();
    const receiver = await start({ forwardTo: collector.endpoint });
    const bodies = RECORDED_BODIES.flatMap((body) => [body, gzipSync(body)]);
    for (const [index, body] of bodies.entries()) {
      const headers: Record<string, string> = index % 2 === 0 ? {} : { "content-encoding": "gzip" };
      await post(receiver.endpoint, body, { headers });
    }
    await vi.waitFor(() => expect(receiver.metrics().forwarded).toBe(bodies.length));
    const { received } = collector;
    expect(received.map(({ body }) => hash(body))).toEqual(bodies.map(hash));
    const encodings = received.map(({ headers }) => headers["content-encoding"]);
    expect(encodings).toEqual(bodies.map((_, index) => (index % 2 === 0 ? undefined : "gzip")));
    expect(receiver.metrics()).toMatchObject({ dropped: 0, queuedBodies: 0, queuedBytes: 0 });
  });

  test("keeps the user's headers, except those of the connection", async () => {
    await using collector = await startCollector();
    const receiver = await start({ forwardTo: `${collector.endpoint}?key=1` });
    const headers = {
      Authorization: "Bearer s3cret",
      "X-Api-Key": "s3cret",
      "X-Twice": ["1", "2"],
      "User-Agent": "OTel OTLP Exporter Go/1.38.0",
      Connection: "X-Hop, close",
      "X-Hop": "stays",
      Te: "trailers",
    };
    await post(receiver.endpoint, BODY, { headers, chunked: true });
    await vi.waitFor(() => expect(collector.received).toHaveLength(1));
    const [received] = collector.received;
    expect(received?.path).toBe("/v1/traces?key=1");
    expect(received?.headers).toMatchObject({
      authorization: "Bearer s3cret",
      "x-api-key": "s3cret",
      "x-twice": "1, 2",
      "user-agent": "OTel OTLP Exporter Go/1.38.0",
      "content-type": "application/x-protobuf",
      "content-length": `${BODY.length}`,
      host: new URL(collector.endpoint).host,
    });
    expect(received?.rawHeaders).toContain("X-Api-Key");
    expect(Object.keys(received?.headers ?? {})).not.toContain("x-hop");
    expect(Object.keys(received?.headers ?? {})).not.toContain("te");
    expect(Object.keys(received?.headers ?? {})).not.toContain("transfer-encoding");
  });

  test("keeps the credentials of the endpoint itself", async () => {
    await using collector = await startCollector();
    const receiver = await start({ forwardTo: collector.endpoint.replace("//", "//bot:pw@") });
    await post(receiver.endpoint, BODY);
    await vi.waitFor(() => expect(collector.received).toHaveLength(1));
    const basic = Buffer.from("bot:pw").toString("base64");
    expect(collector.received[0]?.headers.authorization).toBe(`Basic ${basic}`);
  });
});

describe("a collector that", () => {
  test("is slow delays no exporter", async () => {
    // This collector never answers. The exporter must get all its answers nevertheless.
    const unanswered: ServerResponse[] = [];
    await using collector = await startCollector((response) => void unanswered.push(response));
    const receiver = await start({ forwardTo: collector.endpoint });
    const listener = vi.fn();
    receiver.onSpans(listener);
    const answers = [];
    for (let count = 0; count < 20; count++) answers.push(await post(receiver.endpoint, BODY));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(receiver.metrics().forwarded).toBe(0);
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(20));
    expect(receiver.metrics().queuedBodies).toBeGreaterThan(15);
    // Bodies are forwarded one at a time.
    expect(collector.received.length).toBeLessThanOrEqual(2);
  });

  test("never answers is abandoned, and delays no exporter", async () => {
    await using collector = await startCollector(() => undefined);
    const passing = forwarder(collector.endpoint, { maxTries: 2, tryTimeoutMs: 50 });
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 0, retried: 1, dropped: 1 });
    expect(warn.mock.calls[0]?.[0]).toContain("(ETIMEDOUT)");
  });

  test("sends an endless answer has answered", async () => {
    await using collector = await startCollector((response, index) => {
      response.writeHead(200);
      if (index === 0) response.write("and then nothing");
      else response.end(Buffer.alloc(1_000_000));
    });
    const passing = forwarder(collector.endpoint, { tryTimeoutMs: 100 });
    passing.add(BODY, []);
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 2, retried: 0, dropped: 0 });
  });

  test("is down loses only its bodies, after some attempts each", async () => {
    const passing = forwarder("http://127.0.0.1:9/v1/traces");
    for (let count = 0; count < 4; count++) passing.add(BODY, ["Authorization", "s3cret"]);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 0, retried: 8, dropped: 4 });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("(ECONNREFUSED)"), {
      type: "CircuitBreakerWarning",
      code: "traces-dropped",
    });
  });

  test("closes the connection midway is retried", async () => {
    await using collector = await startCollector((response, index) =>
      index < 2 ? void response.socket?.destroy() : ok(response, index),
    );
    const passing = forwarder(collector.endpoint);
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 1, retried: 2, dropped: 0 });
  });

  test.each([429, 502, 503, 504])("answers %i is retried", async (code) => {
    await using collector = await startCollector((response, index) =>
      (index < 2 ? status(code) : ok)(response, index),
    );
    const passing = forwarder(collector.endpoint);
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 1, retried: 2, dropped: 0 });
    expect(collector.received.map(({ body }) => hash(body))).toEqual(Array(3).fill(hash(BODY)));
  });

  test.each([
    ["seconds", () => "1"],
    ["a date", () => new Date(Date.now() + 2_000).toUTCString()],
  ])("asks for a delay in %s gets it", async (_, retryAfter) => {
    await using collector = await startCollector((response, index) =>
      (index === 0 ? status(429, { "retry-after": retryAfter() }) : ok)(response, index),
    );
    const passing = forwarder(collector.endpoint);
    const before = performance.now();
    passing.add(BODY, []);
    await passing.idle();
    // A date has no fractions of a second, so a delay of two seconds may be a second shorter.
    expect(performance.now() - before).toBeGreaterThan(900);
    expect(passing.metrics().forwarded).toBe(1);
  });

  test.each([400, 401, 403, 404, 413, 500, 302])("answers %i is not retried", async (code) => {
    await using elsewhere = await startCollector();
    await using collector = await startCollector(status(code, { location: elsewhere.endpoint }));
    const passing = forwarder(collector.endpoint);
    passing.add(BODY, ["Authorization", "s3cret"]);
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 0, retried: 0, dropped: 2 });
    expect(elsewhere.received).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain(`(status ${code})`);
    expect(JSON.stringify(warn.mock.calls)).not.toMatch(/s3cret|127\.0\.0\.1/);
  });

  test("does not speak HTTP harms nothing", async () => {
    const server = createServer((socket) => socket.end("220 mail\r\n").on("error", () => {}));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    for (const scheme of ["http", "https"]) {
      const passing = forwarder(`${scheme}://127.0.0.1:${port}/`);
      passing.add(BODY, []);
      await passing.idle();
      expect(passing.metrics()).toMatchObject({ forwarded: 0, dropped: 1 });
    }
    server.close();
  });
});

describe("a full queue", () => {
  test.each([
    ["bytes", { maxQueueBytes: 3 * BODY.length + 10 }],
    ["bodies", { maxQueuedBodies: 3 }],
  ])("of %s drops the newest body, and accepts bodies again later", async (_, limits) => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await using collector = await startCollector((response) => {
      void released.then(() => response.end());
    });
    const passing = forwarder(collector.endpoint, { tryTimeoutMs: 5_000, ...limits });
    for (let number = 1; number <= 5; number++) {
      passing.add(Buffer.concat([BODY.subarray(1), Buffer.from([number])]), []);
    }
    expect(passing.metrics()).toMatchObject({ dropped: 2, queuedBodies: 3 });
    release();
    await passing.idle();
    expect(collector.received.map(({ body }) => body.at(-1))).toEqual([1, 2, 3]);
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 4, dropped: 2, queuedBytes: 0 });
  });
});

describe("spans of our own", () => {
  test("follow the next body, with its headers, in a separate body", async () => {
    await using collector = await startCollector();
    const receiver = await start({
      forwardTo: collector.endpoint,
      resourceAttributes: { "service.name": "release" },
    });
    receiver.addOwn(own("one"));
    receiver.addOwn(own("two"));
    const headers = { authorization: "Bearer s3cret", "content-encoding": "gzip" };
    await post(receiver.endpoint, gzipSync(BODY), { headers });
    await vi.waitFor(() => expect(receiver.metrics().ownSpans).toBe(2));
    await post(receiver.endpoint, BODY);
    await vi.waitFor(() => expect(receiver.metrics().forwarded).toBe(2));
    const [, second] = collector.received;
    expect(collector.received).toHaveLength(3);
    expect(second?.headers).toMatchObject({
      authorization: "Bearer s3cret",
      "content-type": "application/x-protobuf",
    });
    expect(second?.headers["content-encoding"]).toBeUndefined();
    const spans = decodeSpans(second?.body ?? new Uint8Array());
    expect(spans.map(({ scope, name }) => `${scope} ${name}`)).toEqual([
      "dagger-circuit-breaker one",
      "dagger-circuit-breaker two",
    ]);
    expect(second?.body.includes("release")).toBe(true);
    expect(receiver.metrics()).toMatchObject({ ownSpansDropped: 0 });
  });

  test("are not sent without a body, and wait for the next one that arrives", async () => {
    await using collector = await startCollector((response, index) =>
      (index === 0 ? status(400) : ok)(response, index),
    );
    const passing = forwarder(collector.endpoint);
    passing.addOwn(own("one"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(collector.received).toEqual([]);
    passing.add(BODY, []);
    await passing.idle();
    expect(collector.received).toHaveLength(1);
    passing.add(BODY, []);
    await passing.idle();
    expect(collector.received).toHaveLength(3);
    expect(passing.metrics()).toMatchObject({ ownSpans: 1, ownSpansDropped: 0 });
  });

  test("that are rejected, too many or invalid are dropped and counted", async () => {
    await using collector = await startCollector((response, index) =>
      (index === 1 ? status(400) : ok)(response, index),
    );
    const passing = forwarder(collector.endpoint);
    for (let count = 0; count < 2_050; count++) passing.addOwn(own("many"));
    expect(passing.metrics().ownSpansDropped).toBe(2);
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ ownSpans: 0, ownSpansDropped: 2_050 });
    passing.addOwn({ ...own("bad"), id: "no id" });
    passing.add(BODY, []);
    await passing.idle();
    expect(passing.metrics()).toMatchObject({ forwarded: 2, ownSpansDropped: 2_051 });
    passing.addOwn(own("late"));
    passing.close();
    expect(passing.metrics().ownSpansDropped).toBe(2_052);
  });

  test("are not sent without a collector", async () => {
    const receiver = await start({});
    receiver.addOwn(own("one"));
    await post(receiver.endpoint, BODY);
    await receiver.close();
    expect(receiver.metrics()).toMatchObject({ bodies: 1, ownSpans: 0, forwarded: 0, dropped: 0 });
  });
});

describe("closing", () => {
  test("waits until the queue is empty", async () => {
    await using collector = await startCollector((response) => {
      setTimeout(() => response.end(), 30);
    });
    const receiver = await start({ forwardTo: collector.endpoint, closeTimeoutMs: 5_000 });
    for (let count = 0; count < 5; count++) await post(receiver.endpoint, BODY);
    await receiver.close();
    expect(receiver.metrics()).toMatchObject({ forwarded: 5, dropped: 0, queuedBodies: 0 });
    expect(warn).not.toHaveBeenCalled();
  });

  test("ends within its time, and counts what did not arrive", async () => {
    await using collector = await startCollector(() => undefined);
    const receiver = await start({ forwardTo: collector.endpoint, closeTimeoutMs: 150 });
    for (let count = 0; count < 5; count++) await post(receiver.endpoint, BODY);
    const before = ownMs();
    await receiver.close();
    expect(ownMs() - before).toBeLessThan(1_000);
    expect(receiver.metrics()).toMatchObject({ forwarded: 0, dropped: 5, queuedBodies: 0 });
    expect(receiver.metrics().queuedBytes).toBe(0);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  test("does not wait for the delay before a retry", async () => {
    await using collector = await startCollector(status(503, { "retry-after": "3600" }));
    const receiver = await start({ forwardTo: collector.endpoint, closeTimeoutMs: 150 });
    await post(receiver.endpoint, BODY);
    await vi.waitFor(() => expect(collector.received).toHaveLength(1));
    const before = ownMs();
    await receiver.close();
    expect(ownMs() - before).toBeLessThan(1_000);
    expect(receiver.metrics()).toMatchObject({ dropped: 1, retried: 0 });
  });

  test("a closed forwarder accepts nothing", async () => {
    const passing = forwarder("http://127.0.0.1:9/");
    passing.close();
    passing.close();
    passing.add(BODY, []);
    passing.addOwn(own("late"));
    expect(passing.metrics()).toMatchObject({ dropped: 1, ownSpansDropped: 1, queuedBodies: 0 });
  });
});
