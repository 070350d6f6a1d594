// Tests queries as bytes: which parts of queries and answers are forwarded, rewritten, held or streamed.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { MemoryDigests } from "../../src/guard/digests/known-digests.js";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { startEngineTraces } from "../../src/traces/engine-traces.js";
import { RequestTracing } from "../../src/traces/request-tracing.js";
import { ask, jsonOf, newGuard } from "./scene.js";
import { dial, listenTo, requestOf, serveBytes, serveHttp, TOKEN } from "./wire.js";

const JSON_TYPE = { "content-type": "application/json" };
const WORKED = '{"data":{"container":{"from":{"withExec":{"stdout":""}}}}}';
const from = (image: string) =>
  `{ container { from(address: "${image}") { withExec(args: ["true"]) { stdout } } } }`;
const PULL_FAILED = JSON.stringify({
  data: null,
  errors: [
    {
      message:
        'failed to resolve image "docker.io/library/alpine:3" (platform: "linux/amd64"): unexpected status from HEAD request to https://registry-1.docker.io/v2/library/alpine/manifests/3: 503 Service Unavailable',
      path: ["container", "from"],
    },
  ],
});
const MIB = 1024 * 1024;

test.each([
  "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nX-A: 1\r\n\r\n",
  "HTTP/1.1 400 Very Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 3\r\n\r\nbad",
  "HTTP/1.1 422 Unprocessable Entity\r\nContent-Type: application/json\r\nX-a: 1\r\nx-A: 2\r\nContent-Length: 2\r\n\r\n{}",
  "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 8\r\n\r\nhttp do:",
  "HTTP/1.1 503 \r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n4\r\nbusy\r\n0\r\nX-T: 1\r\n\r\n",
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"data":{"a":1}}',
])("relays the session's answer to a query byte for byte: %j", async (answer) => {
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("{version}");
    socket.end(answer);
  });
  const line = dial(served.proxyPort);
  const body = '{"query":"{version}"}';
  const headers = [
    "Host: a",
    `Authorization: ${served.authorization}`,
    `Content-Length: ${body.length}`,
  ];
  line.socket.write(requestOf("POST /query?x=1 HTTP/1.1", headers, body));
  expect(await line.ended()).toBe(answer);
  expect(served.proxy.counts.requests).toBe(1);
});

test("relays a query byte for byte, in chunks, with trailers and after 100 Continue", async () => {
  let came = "";
  await using served = await serveBytes(async (socket) => {
    came = await listenTo(socket).until("X-T: 1\r\n\r\n");
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data":{}}');
  });
  const line = dial(served.proxyPort);
  const headers = (authorization: string) => [
    "Host: a",
    `AUTHORIZATION: ${authorization}`,
    "Transfer-Encoding: chunked",
    "Trailer: X-T",
    "Connection: keep-alive",
  ];
  line.socket.write(
    requestOf("POST /query HTTP/1.1", [...headers(served.authorization), "Expect: 100-continue"]),
  );
  expect(await line.until("\r\n\r\n")).toBe("HTTP/1.1 100 Continue\r\n\r\n");
  const body = '17\r\n{ "query":"{version}" }\n\r\n0\r\nX-T: 1\r\n\r\n'.replace("17", "18");
  line.socket.write(body);
  await line.until('{"data":{}}');
  const target = `Basic ${Buffer.from(`${TOKEN}:`).toString("base64")}`;
  expect(came).toBe(requestOf("POST /query HTTP/1.1", headers(target), body));
  line.socket.destroy();
});

test.each([
  [
    "whose target is a whole URL",
    "POST http://a:1/query HTTP/1.1",
    "HTTP/1.1 100 Continue\r\n\r\n",
  ],
  ["of HTTP/1.0, which knows no 100 Continue", "POST /query HTTP/1.0", ""],
])("a query %s is guarded like any other", async (_what, start, information) => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data":{}}';
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("{version}");
    socket.end(answer);
  });
  const line = dial(served.proxyPort);
  const authorized = `Authorization: ${served.authorization}`;
  const headers = ["Host: a", authorized, "Expect: 100-continue", "Content-Length: 9"];
  line.socket.write(requestOf(start, headers, "{version}"));
  expect(await line.ended()).toBe(information + answer);
  expect(served.proxy.counts.requests).toBe(1);
});

test("gives a query its own traceparent: a child of the given one, or a new one", async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.traceparent as string | undefined);
    response.writeHead(200, JSON_TYPE).end('{"data":{}}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const traces = await startEngineTraces({});
  if (traces.receiver === undefined) throw new Error(traces.offReason);
  const tracing = new RequestTracing(traces.receiver, false);
  const proxy = await startSessionProxy({
    guard: newGuard(),
    target: { port, token: TOKEN },
    tracing,
  });
  await ask(proxy.address, "{ version }");
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const given = `00-${traceId}-b7ad6b7169203331-01`;
  await ask(proxy.address, "{ version }", { traceparent: given });
  expect(seen[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(seen[1]).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect(seen[1]).not.toBe(given);
  await proxy.close();
  tracing.close();
  await traces.receiver.close();
  server.close();
});

test("without traces a query keeps the traceparent that it had", async () => {
  const seen: (string | undefined)[] = [];
  await using served = await serveHttp((request, response) => {
    seen.push(request.headers.traceparent as string | undefined);
    response.end('{"data":{}}');
  });
  const given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await ask(served.proxy.address, "{ version }");
  await ask(served.proxy.address, "{ version }", { traceparent: given });
  expect(seen).toEqual([undefined, given]);
});

test("a query that is rewritten for a mirror has its own length, and keeps the rest of its body", async () => {
  const bodies: string[] = [];
  await using served = await serveHttp(
    async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.writeHead(200, JSON_TYPE).end(WORKED);
    },
    { mirrors: { "docker.io": ["a-rather-long-name-of-a-mirror.example/hub"] } },
  );
  served.guard.upstream("registry:docker.io")?.isolate("away");
  await ask(served.proxy.address, from("alpine:3"));
  expect(JSON.parse(bodies[0] ?? "").query).toContain(
    "a-rather-long-name-of-a-mirror.example/hub/library/alpine:3",
  );
});

test("learns digests over a separate connection, and then requests images by them", async () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const queries: string[] = [];
  const store = new MemoryDigests();
  await using served = await serveHttp(
    async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { query } = JSON.parse(body);
      queries.push(query);
      const learnt = {
        data: { container: { from: { imageRef: `docker.io/library/alpine:3@${digest}` } } },
      };
      const answer = query.includes("imageRef") ? JSON.stringify(learnt) : WORKED;
      response.writeHead(200, JSON_TYPE).end(answer);
    },
    { pin: { maxAgeMs: 3_600_000, store } },
  );
  await ask(served.proxy.address, from("alpine:3"));
  while (queries.length < 2) await new Promise(setImmediate);
  expect(served.connections.length).toBe(2);
  // No event shows that the guard has read the answer, so the test asks again until it has.
  const byDigest = () => queries.some((query) => query.includes(`alpine:3@${digest}`));
  while (!byDigest()) await ask(served.proxy.address, from("alpine:3"));
  expect(queries[0]).toBe(from("alpine:3"));
});

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
])("classifies an answer compressed by %s, and relays it unchanged", async (encoding, pack) => {
  const packed = pack(PULL_FAILED);
  await using served = await serveHttp((_request, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-encoding": encoding }).end(packed);
  });
  const answer = await ask(served.proxy.address, from("alpine:3"));
  expect(await answer.text()).toBe(PULL_FAILED);
  const { metrics } = served.guard.upstream("registry:docker.io")?.getMetrics() ?? {};
  expect(metrics?.failureCount).toBe(1);
});

test("a query of more than 16 MiB asks only the engine's circuit, and streams", async () => {
  let bytes = 0;
  let begun = () => {};
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  await using served = await serveHttp((request, response) => {
    request.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes > 17 * MIB) begun();
    });
    request.on("end", () => response.writeHead(200, JSON_TYPE).end(WORKED));
  });
  served.guard.upstream("registry:docker.io")?.isolate("away");
  const start = `{"query":${JSON.stringify(from("alpine:3"))},"variables":{"a":"`;
  const [filler, end] = ["a".repeat(20 * MIB), '"}}'];
  const line = dial(served.proxyPort);
  line.socket.write(
    requestOf("POST /query HTTP/1.1", [
      "Host: a",
      `Authorization: ${served.authorization}`,
      "Content-Type: application/json",
      `Content-Length: ${start.length + filler.length + end.length}`,
    ]),
  );
  line.socket.write(start);
  line.socket.write(filler);
  await hasBegun;
  line.socket.write(end);
  await line.until(WORKED);
  expect(bytes).toBe(start.length + filler.length + end.length);
  line.socket.destroy();
  served.guard.engine.isolate("away as well");
  const answer = await fetch(`http://127.0.0.1:${served.proxyPort}/query`, {
    method: "POST",
    headers: { authorization: served.authorization },
    body: start + filler + end,
  });
  expect((await jsonOf(answer)).errors[0].extensions._type).toBe("CIRCUIT_OPEN");
});

test("an answer of more than 16 MiB streams, and counts as a success", async () => {
  const start = '{"data":{"file":{"contents":"';
  const [filler, end] = ["b".repeat(17 * MIB), '"}}}'];
  let release = () => {};
  await using served = await serveHttp((_request, response) => {
    response.writeHead(200, JSON_TYPE).write(start + filler);
    release = () => response.end(end);
  });
  const answer = await ask(served.proxy.address, from("alpine:3"));
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  let bytes = first?.value?.length ?? 0;
  expect(bytes).toBeGreaterThan(0);
  release();
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    bytes += next.value.length;
  }
  expect(bytes).toBe(start.length + filler.length + end.length);
  expect(served.guard.engine.getMetrics().metrics).toMatchObject({
    successCount: 1,
    failureCount: 0,
  });
});

test("a long answer that is cut is cut for the client too", async () => {
  await using served = await serveHttp((_request, response) => {
    response.writeHead(200, { ...JSON_TYPE, "content-length": 40 * MIB });
    response.write("b".repeat(20 * MIB), () => response.destroy());
  });
  const answer = await ask(served.proxy.address, "{ version }");
  await expect(answer.text()).rejects.toThrow();
});

test("relays an invalid body for the session to reject, and a compressed query as well", async () => {
  const bodies: Buffer[] = [];
  await using served = await serveHttp(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    bodies.push(Buffer.concat(chunks));
    response.writeHead(400, { "content-type": "text/plain" }).end("what?");
  });
  served.guard.upstream("registry:docker.io")?.isolate("away");
  const packed = gzipSync(JSON.stringify({ query: from("alpine:3") }));
  const texts = ["", "{", "null", "[1]", '"text"', '{"query":1}', "\xff\xfe"];
  for (const body of [...texts.map((text) => Buffer.from(text, "latin1")), packed]) {
    const answer = await fetch(`http://127.0.0.1:${served.proxyPort}/query`, {
      method: "POST",
      headers: {
        authorization: served.authorization,
        ...(body === packed && { "content-encoding": "gzip" }),
      },
      body,
    });
    expect([answer.status, await answer.text()]).toEqual([400, "what?"]);
    expect(bodies.at(-1)?.equals(body)).toBe(true);
  }
});

test("a kept connection closed for its age loses no session if others are accepted", async () => {
  let count = 0;
  await using served = await serveBytes(async (socket) => {
    count += 1;
    const line = listenTo(socket);
    await line.until("{version}");
    const answer = '{"data":{"version":"v1"}}';
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`,
    );
    await line.until("{again}");
    socket.resetAndDestroy();
  });
  const query = (text: string) => {
    const body = JSON.stringify({ query: text });
    return requestOf(
      "POST /query HTTP/1.1",
      ["Host: a", `Authorization: ${served.authorization}`, `Content-Length: ${body.length}`],
      body,
    );
  };
  const line = dial(served.proxyPort);
  line.socket.write(query("{version}"));
  const first = await line.until('"v1"}}');
  line.socket.write(query("{again}"));
  expect(await line.ended()).toBe(first);
  expect(line.wasReset).toBe(true);
  const next = dial(served.proxyPort);
  next.socket.write(query("{version}"));
  await next.until('"v1"}}');
  next.socket.destroy();
  expect(served.proxy.counts).toMatchObject({ requests: 3, lost: 0 });
  expect(served.guard.engine.getMetrics().metrics).toMatchObject({
    successCount: 2,
    failureCount: 0,
  });
  expect(count).toBeGreaterThan(1);
});

/**
 * Returns a session that answers `version`. It resets every other query, before or in the middle of its
 * answer.
 */
const resetting = (begun: string) =>
  serveBytes(async (socket) => {
    const text = await listenTo(socket).until("}");
    if (text.includes("version")) {
      const answer = '{"data":{"version":"v1"}}';
      socket.end(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`,
      );
    } else socket.write(begun, () => socket.resetAndDestroy());
  });

test.each([
  ["before its answer", ""],
  ["in the middle of its answer", 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"data":'],
])("a query that a running session resets %s is the only one reset", async (_when, begun) => {
  await using served = await resetting(begun);
  const cut = async () => {
    const line = dial(served.proxyPort);
    const body = '{"query":"{container{id}}"}';
    const head = ["Host: a", `Authorization: ${served.authorization}`];
    line.socket.write(
      requestOf("POST /query HTTP/1.1", [...head, `Content-Length: ${body.length}`], body),
    );
    return { text: await line.ended(), wasReset: line.wasReset };
  };
  expect(await Promise.all([cut(), cut(), cut()])).toEqual(
    Array(3).fill({ text: "", wasReset: true }),
  );
  expect((await jsonOf(await ask(served.proxy.address, "{version}"))).data).toEqual({
    version: "v1",
  });
  expect(served.proxy.counts).toMatchObject({ requests: 4, lost: 0 });
  // Each of three parallel questions of the guard would need a connection of its own.
  expect(served.connections.length).toBeLessThan(8);
  expect(served.guard.engine.getMetrics().metrics.failureCount).toBe(0);
});

test("a session that resets a query and is silent from then on is lost", async () => {
  await using served = await serveBytes(async (socket) => {
    const text = await listenTo(socket).until("}");
    if (!text.includes("version")) socket.resetAndDestroy();
  });
  const told = await jsonOf(await ask(served.proxy.address, "{container{id}}"));
  expect(told.errors[0].extensions._type).toBe("SESSION_LOST");
  expect(served.proxy.counts.lost).toBe(1);
  expect(served.guard.engine.getMetrics().metrics.failureCount).toBe(1);
});
