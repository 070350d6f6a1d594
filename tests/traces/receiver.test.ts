/** Tests the receiver as an exporter sees it, over real sockets. */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EngineSpan } from "../../src/attribution/spans/span.js";
import { decodeSpans } from "../../src/traces/otlp/decode.js";
import { startTraceReceiver, type TraceReceiver } from "../../src/traces/receiver/receiver.js";
import type { TraceReceiverOptions } from "../../src/traces/receiver/receiver-options.js";
import { startOwnTime } from "../own-time.js";
import { BODY, BODY_SPANS, post, RECORDED_BODIES, startCollector } from "./fake-collector.js";

const ownMs = startOwnTime();

const warn = vi.spyOn(process, "emitWarning");
const open: TraceReceiver[] = [];

beforeEach(() => void warn.mockReset().mockReturnValue());
afterEach(async () => {
  await Promise.all(open.splice(0).map((receiver) => receiver.close()));
});

async function start(options?: TraceReceiverOptions): Promise<TraceReceiver> {
  const receiver = await startTraceReceiver(options);
  open.push(receiver);
  return receiver;
}

/** Resolves when the receiver has read this number of bodies. */
function heard(receiver: TraceReceiver, bodies: number): Promise<EngineSpan[][]> {
  return new Promise((resolve) => {
    const calls: EngineSpan[][] = [];
    receiver.onSpans((spans) => {
      if (calls.push([...spans]) === bodies) resolve(calls);
    });
  });
}

const gzip = { "content-encoding": "gzip" };

describe("a body", () => {
  test("is answered with an empty one, and its spans reach listeners in one call", async () => {
    const receiver = await start();
    const spans = heard(receiver, RECORDED_BODIES.length);
    for (const body of RECORDED_BODIES) {
      const answer = await post(receiver.endpoint, body);
      expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) });
      expect(answer.headers["content-type"]).toBe("application/x-protobuf");
    }
    expect(await spans).toEqual(RECORDED_BODIES.map(decodeSpans));
    expect(receiver.metrics()).toMatchObject({
      bodies: RECORDED_BODIES.length,
      bytes: Buffer.concat([...RECORDED_BODIES]).length,
      spans: RECORDED_BODIES.flatMap(decodeSpans).length,
      undecodable: 0,
    });
  });

  test("may be compressed, come in chunks, and name its type with parameters", async () => {
    const receiver = await start();
    const spans = heard(receiver, 3);
    const headers = { ...gzip, "content-type": "Application/X-Protobuf; charset=x" };
    expect((await post(receiver.endpoint, gzipSync(BODY), { headers })).status).toBe(200);
    expect((await post(receiver.endpoint, BODY, { chunked: true })).status).toBe(200);
    const identity = { "content-encoding": "identity" };
    expect((await post(receiver.endpoint, BODY, { headers: identity })).status).toBe(200);
    expect(await spans).toEqual([decodeSpans(BODY), decodeSpans(BODY), decodeSpans(BODY)]);
  });

  test("that cannot be read is accepted, counted, and forwarded all the same", async () => {
    await using collector = await startCollector();
    const receiver = await start({ forwardTo: collector.endpoint });
    const junk = [Buffer.from("junk"), BODY.subarray(0, 50)];
    for (const body of junk) await post(receiver.endpoint, body);
    const damaged = gzipSync(BODY).subarray(0, 60);
    expect((await post(receiver.endpoint, damaged, { headers: gzip })).status).toBe(200);
    await vi.waitFor(() => expect(receiver.metrics().forwarded).toBe(3));
    expect(receiver.metrics()).toMatchObject({ bodies: 3, undecodable: 3, spans: 0 });
    expect(collector.received.map(({ body }) => body)).toEqual([...junk, damaged]);
  });

  test("that is empty calls no listener", async () => {
    const receiver = await start();
    const listener = vi.fn();
    receiver.onSpans(listener);
    expect((await post(receiver.endpoint, Buffer.alloc(0))).status).toBe(200);
    await receiver.close();
    expect(listener).not.toHaveBeenCalled();
    expect(receiver.metrics()).toMatchObject({ bodies: 1, undecodable: 0 });
  });

  test("whose sender leaves midway is dropped", async () => {
    const receiver = await start();
    const { hostname, port, pathname } = new URL(receiver.endpoint);
    for (let round = 0; round < 3; round++) {
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n` +
          "Content-Length: 1000\r\n\r\nhalf",
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.destroy();
    }
    await vi.waitFor(() => expect(receiver.metrics().refused).toBe(3));
    expect((await post(receiver.endpoint, BODY)).status).toBe(200);
  });
});

describe("a body that is too large", () => {
  const maxBodyBytes = 10_000;
  const large = randomBytes(maxBodyBytes + 1);

  test.each([
    ["by its own length", large, {}],
    ["as shows while it comes", large, { chunked: true }],
    ["when it is unpacked", gzipSync(Buffer.alloc(maxBodyBytes + 1)), { headers: gzip }],
  ])("%s is answered 413, counted, and not forwarded", async (_, body, options) => {
    await using collector = await startCollector();
    const receiver = await start({ maxBodyBytes, forwardTo: collector.endpoint });
    expect((await post(receiver.endpoint, body, options)).status).toBe(413);
    const exactly = gzipSync(Buffer.alloc(maxBodyBytes));
    expect((await post(receiver.endpoint, exactly, { headers: gzip })).status).toBe(200);
    await vi.waitFor(() => expect(receiver.metrics().forwarded).toBe(1));
    expect(receiver.metrics()).toMatchObject({ bodies: 1, tooLarge: 1, refused: 0 });
    expect(collector.received.map((received) => received.body)).toEqual([exactly]);
  });

  test("is never in memory in its decompressed size", async () => {
    const receiver = await start();
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    let most = before;
    const sampler = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers);
    }, 1);
    const answers = [1, 2, 3].map(() => post(receiver.endpoint, bomb, { headers: gzip }));
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([413, 413, 413]);
    clearInterval(sampler);
    expect(most - before).toBeLessThan(64 * 1024 * 1024);
    expect(receiver.metrics().tooLarge).toBe(3);
  });

  test("does not block the next one on its connection", async () => {
    const receiver = await start({ maxBodyBytes });
    const { hostname, port, pathname } = new URL(receiver.endpoint);
    const head = (length: number) =>
      `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n` +
      `Content-Length: ${length}\r\n\r\n`;
    const socket = connect(Number(port), hostname);
    let answers = "";
    socket.on("data", (chunk) => {
      answers += chunk;
    });
    for (const body of [large, BODY]) {
      socket.write(head(body.length));
      socket.write(body);
    }
    await vi.waitFor(() => expect(answers.match(/HTTP\/1\.1 \d+/g)).toHaveLength(2));
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
    socket.destroy();
  });

  test("counts against the bound when many arrive at once", async () => {
    const receiver = await start({ maxBodyBytes });
    const { hostname, port, pathname } = new URL(receiver.endpoint);
    // Each connection sends almost a whole body of the largest size, and then waits.
    const sockets = Array.from({ length: 4 }, () => connect(Number(port), hostname));
    for (const socket of sockets) {
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n` +
          `Content-Length: ${maxBodyBytes}\r\n\r\n`,
      );
      socket.write(Buffer.alloc(maxBodyBytes - 1));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The status is 200, because after 503 the exporter would delay the end of the CLI by half a minute.
    expect((await post(receiver.endpoint, BODY)).status).toBe(200);
    expect(receiver.metrics()).toMatchObject({ bodies: 0, refused: 1 });
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => {
      await post(receiver.endpoint, BODY);
      expect(receiver.metrics().bodies).toBeGreaterThan(0);
    });
  });
});

describe("without the token", () => {
  test("accepts nothing, and reveals nothing", async () => {
    await using collector = await startCollector();
    const receiver = await start({ forwardTo: collector.endpoint });
    const { origin, pathname } = new URL(receiver.endpoint);
    expect(pathname).toMatch(/^\/[0-9a-f]{32}\/v1\/traces$/);
    const wrong = [
      "/",
      "/v1/traces",
      `/${"0".repeat(32)}/v1/traces`,
      pathname.toUpperCase(),
      `${pathname}/`,
      `${pathname}?a=1`,
      pathname.replace("traces", "logs"),
    ];
    for (const path of wrong) {
      const answer = await post(`${origin}${path}`, BODY);
      expect(answer).toMatchObject({ status: 404, body: Buffer.alloc(0) });
    }
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await post(receiver.endpoint, Buffer.alloc(0), { method });
      expect(answer).toMatchObject({ status: 404, body: Buffer.alloc(0) });
    }
    expect(receiver.metrics()).toMatchObject({ bodies: 0, refused: wrong.length + 3 });
    expect(collector.received).toEqual([]);
  });

  test("each receiver has its own token", async () => {
    const [one, two] = [await start(), await start()];
    const { pathname } = new URL(one.endpoint);
    const { origin } = new URL(two.endpoint);
    expect((await post(`${origin}${pathname}`, BODY)).status).toBe(404);
  });
});

describe("a body in another format", () => {
  const ways: [kind: string, headers: Record<string, string>][] = [
    ["JSON", { "content-type": "application/json; charset=utf-8" }],
    ["another type", { "content-type": "" }],
    ["another type", { "content-type": "text/s3cret" }],
    ["deflate", { "content-encoding": "deflate" }],
    ["zstd", { "content-encoding": "zstd" }],
    ["x-gzip", { "content-encoding": "X-GZIP" }],
    ["another encoding", { "content-encoding": "gzip, gzip" }],
  ];

  test("is forwarded unchanged, unread, and counted by its kind", async () => {
    await using collector = await startCollector();
    const receiver = await start({ forwardTo: collector.endpoint });
    const listener = vi.fn();
    receiver.onSpans(listener);
    for (const [, headers] of ways) {
      expect((await post(receiver.endpoint, BODY, { headers })).status).toBe(200);
    }
    await vi.waitFor(() => expect(receiver.metrics().forwarded).toBe(ways.length));
    expect(collector.received.map(({ body }) => body)).toEqual(ways.map(() => BODY));
    expect(collector.received.map(({ headers }) => headers["content-encoding"])).toEqual(
      ways.map(([, headers]) => headers["content-encoding"]),
    );
    expect(listener).not.toHaveBeenCalled();
    const { unreadByKind, ...counts } = receiver.metrics();
    expect(counts).toMatchObject({ bodies: 7, unread: 7, undecodable: 0, refused: 0, dropped: 0 });
    expect(unreadByKind["another type"]).toEqual({ bodies: 2, bytes: 2 * BODY.length });
    expect(Object.keys(unreadByKind)).toEqual([...new Set(ways.map(([kind]) => kind))]);
    expect(JSON.stringify(unreadByKind)).not.toContain("s3cret");
  });

  test("is accepted, dropped and counted without a collector", async () => {
    const receiver = await start();
    const headers = { "content-type": "application/json" };
    const answer = await post(receiver.endpoint, Buffer.from("{}"), { headers });
    expect(answer).toMatchObject({ status: 200, body: Buffer.from("{}") });
    expect(receiver.metrics()).toMatchObject({ unread: 1, dropped: 1, forwarded: 0 });
  });
});

describe("listeners", () => {
  test("that throw or reject harm nothing, and cause one warning without their message", async () => {
    const receiver = await start();
    const broken = (): never => {
      throw new Error("s3cret");
    };
    receiver.onSpans(broken);
    receiver.onSpans((async () => broken()) as never);
    const spans = heard(receiver, 2);
    for (const _ of [1, 2]) expect((await post(receiver.endpoint, BODY)).status).toBe(200);
    expect(await spans).toHaveLength(2);
    await vi.waitFor(() => expect(warn).toHaveBeenCalledTimes(1));
    expect(String(warn.mock.calls[0]?.[0])).toMatch(/listener of the trace receiver failed/);
    expect(String(warn.mock.calls[0]?.[0])).not.toContain("s3cret");
  });

  test("receive spans until they are removed", async () => {
    const receiver = await start();
    const listener = vi.fn();
    const [stopOne, stopTwo] = [receiver.onSpans(listener), receiver.onSpans(listener)];
    await post(receiver.endpoint, BODY);
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(2));
    stopOne();
    stopOne();
    await post(receiver.endpoint, BODY);
    await vi.waitFor(() => expect(receiver.metrics().spans).toBe(2 * BODY_SPANS));
    expect(listener).toHaveBeenCalledTimes(3);
    stopTwo();
  });
});

describe("options", () => {
  test.each<[unknown, RegExp]>([
    [{ forwardTo: "grpc://s3cret:4317" }, /option "forwardTo" is not an http or https URL/],
    [{ forwardTo: 7 }, /option "forwardTo" is of type number, expected a URL/],
    [{ maxBodyBytes: 0 }, /option "maxBodyBytes" is 0/],
    [{ maxConnections: 1.5 }, /option "maxConnections" is 1.5/],
    [{ maxQueueBytes: -1 }, /option "maxQueueBytes" is -1/],
    [{ maxQueuedBodies: "many" }, /option "maxQueuedBodies" is "many"/],
    [{ closeTimeoutMs: Number.NaN }, /option "closeTimeoutMs" is NaN/],
    [
      { resourceAttributes: { "service.name": ["a"] } },
      /"service.name" is an array, expected a text/,
    ],
    [{ port: 4318 }, /option "port" is not known/],
  ])("rejects %j", async (options, message) => {
    const started = startTraceReceiver(options as TraceReceiverOptions);
    await expect(started).rejects.toThrow(message);
    await expect(started).rejects.not.toThrow(/s3cret/);
  });

  test("a listener must be a function", async () => {
    const receiver = await start();
    expect(() => receiver.onSpans(undefined as never)).toThrow(TypeError);
  });

  test("rejects more connections than the option permits", async () => {
    const receiver = await start({ maxConnections: 1 });
    const { hostname, port, pathname } = new URL(receiver.endpoint);
    // Connections that send no token do not count, so a client with the token can still connect.
    const silent = Array.from({ length: 100 }, () => connect(Number(port), hostname));
    const first = connect(Number(port), hostname);
    for (const socket of [first, ...silent]) socket.on("error", () => undefined);
    const head = "Host: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
    first.write(`POST ${pathname} HTTP/1.1\r\n${head}`);
    expect(String((await once(first, "data"))[0])).toMatch(/^HTTP\/1.1 200/);
    expect((await post(receiver.endpoint, BODY)).status).toBe(200);
    expect(receiver.metrics()).toMatchObject({ bodies: 1, refused: 1 });
    first.destroy();
    await vi.waitFor(async () => {
      await post(receiver.endpoint, BODY);
      expect(receiver.metrics().bodies).toBeGreaterThan(1);
    });
    for (const socket of silent) socket.destroy();
  });
});

describe("closing", () => {
  test("delivers accepted bodies, then accepts nothing more", async () => {
    const receiver = await start();
    const listener = vi.fn();
    receiver.onSpans(listener);
    await post(receiver.endpoint, gzipSync(BODY), { headers: gzip });
    await Promise.all([receiver.close(), receiver.close()]);
    expect(listener).toHaveBeenCalledTimes(1);
    await expect(post(receiver.endpoint, BODY)).rejects.toThrow();
    expect(receiver.onSpans(listener)()).toBeUndefined();
  });

  test("ends idle and hanging connections", async () => {
    const receiver = await start();
    const { hostname, port, pathname } = new URL(receiver.endpoint);
    const idle = connect(Number(port), hostname);
    const hanging = connect(Number(port), hostname).on("error", () => {});
    hanging.write(`POST ${pathname} HTTP/1.1\r\nContent-Length: 9\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const ended = [idle, hanging].map(
      (socket) => new Promise((resolve) => socket.on("close", resolve).resume()),
    );
    const before = ownMs();
    await receiver.close();
    await Promise.all(ended);
    expect(ownMs() - before).toBeLessThan(1_000);
  });
});

describe("quiet", () => {
  test("resolves at once without a connection", async () => {
    const receiver = await start();
    const startMs = ownMs();
    await receiver.quiet(60_000);
    expect(ownMs() - startMs).toBeLessThan(5_000);
  });

  test("resolves when the last client has gone and its bodies have been read", async () => {
    const receiver = await start();
    const url = new URL(receiver.endpoint);
    const socket = connect(Number(url.port), "127.0.0.1");
    const packed = gzipSync(BODY);
    const head = [
      `POST ${url.pathname} HTTP/1.1`,
      "host: 127.0.0.1",
      "content-type: application/x-protobuf",
      "content-encoding: gzip",
      `content-length: ${packed.length}`,
    ];
    socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), packed]));
    await new Promise((resolve) => socket.once("data", resolve));
    const quiet = receiver.quiet(60_000);
    socket.destroy();
    await quiet;
    expect(receiver.metrics().spans).toBe(BODY_SPANS);
  });

  test("resolves after the given time at the latest", async () => {
    const receiver = await start();
    const socket = connect(Number(new URL(receiver.endpoint).port), "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    await post(receiver.endpoint, BODY);
    await receiver.quiet(100);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });
});
