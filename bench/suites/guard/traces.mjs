/** Measures the cost of reading the engine's traces, for spans, for bodies, for a request, and in memory. */

import { createServer, request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { readRequest } from "../../../dist/attribution/query/read-request.js";
import { SessionTracing } from "../../../dist/dagger/session-tracing.js";
import { Guard } from "../../../dist/guard/guard.js";
import { GuardedSession } from "../../../dist/guard/guarded-session.js";
import { SessionState } from "../../../dist/guard/session-state.js";
import { createRegistry } from "../../../dist/index.js";
import { decodeSpans, encodeSpans, startTraceReceiver } from "../../../dist/traces/index.js";
import { figure } from "../../measuring/report.mjs";

export const title = "The engine's traces";
export const note =
  "Bodies as the CLI posts them, 500 spans each; 20 ms a MB are 50 MB a second. The client runs in the same process, so its share is counted as well. Memory is the most that 600,000 spans keep alive, a minute of 10,000 a second. Half of them are below one request that does not end.";

const SPANS = 500;
const BODIES = 40;
const MINUTE_OF_SPANS = 600_000;
const WEIGHED_EVERY = 25_000;
const REQUESTS = 400;
const MEGABYTE = 1_000_000;

export async function run({ rounds }) {
  const body = bodyOf(SPANS);
  const times = Math.max(5, Math.round(rounds / 6));
  const rows = [
    { name: "decode", cells: perMegabyte(await repeat(times, () => decodeAll(body)), body) },
    { name: "receive, plain", cells: perMegabyte(await receive(times, body, body), body) },
    { name: "receive, gzip", cells: perMegabyte(await receive(times, gzipSync(body), body), body) },
    { name: "a request", cells: { "added ms": cell(await addedToRequest(times)) } },
    { name: "a minute of spans", cells: { "kept MiB": cell(await keptByMinute(body)) } },
  ];
  const figures = [
    ...rows.slice(0, 3).map(({ name }) => figure(rows, name, "ms a MB", 20)),
    figure(rows, "a request", "added ms", 1),
    figure(rows, "a minute of spans", "kept MiB", 32),
  ];
  return { rows, figures };
}

const cell = (median) => ({ unit: "each", median });

function perMegabyte(tookMs, body) {
  return { "ms a MB": cell(tookMs / ((body.length * BODIES) / MEGABYTE)) };
}

/** Returns the median time of several runs, in milliseconds. */
async function repeat(times, run) {
  const took = [];
  for (let round = 0; round < times + 2; round += 1) {
    const start = performance.now();
    await run();
    if (round > 1) took.push(performance.now() - start);
  }
  took.sort((one, other) => one - other);
  return took[Math.floor(took.length / 2)];
}

function decodeAll(body) {
  let spans = 0;
  for (let i = 0; i < BODIES; i += 1) spans += decodeSpans(body).length;
  if (spans !== BODIES * SPANS) throw new Error(`decoded ${spans} spans`);
}

async function receive(times, sent, body) {
  const receiver = await startTraceReceiver();
  let spans = 0;
  receiver.onSpans((some) => {
    spans += some.length;
  });
  const tookMs = await repeat(times, async () => {
    spans = 0;
    for (let i = 0; i < BODIES; i += 1) await post(receiver.endpoint, sent, sent !== body);
    while (spans < BODIES * SPANS) await new Promise((resolve) => setImmediate(resolve));
  });
  await receiver.close();
  return tookMs;
}

/** Returns how much longer a request over loopback takes when its spans are collected, in milliseconds. */
async function addedToRequest(times) {
  const answer = JSON.stringify({ data: { version: "v0.21.8" } });
  const server = createServer((request, response) => {
    request
      .resume()
      .on("end", () => response.setHeader("content-type", "application/json").end(answer));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}/query`;
  const tracing = await SessionTracing.start({});
  const session = new GuardedSession(new Guard({ registry: createRegistry() }), new SessionState());
  const exchange = async () => ({
    status: 200,
    contentType: "application/json",
    body: await post(url, "{}"),
  });
  const link = { send: exchange, ask: exchange };
  const added = [];
  for (let round = 0; round < times + 2; round += 1) {
    const plain = await eachMs((query) => session.request(readRequest(query), link));
    const traced = await eachMs(async (query) => {
      const { trace: watched, traceparent, end } = tracing.begin(undefined);
      await session.request(readRequest(query), link, { trace: watched });
      end();
      const [, trace, parent] = traceparent.split("-");
      await post(tracing.variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, bodyOf(5, trace, parent));
    });
    // A real CLI posts spans in parallel to requests, so the time of the posts is subtracted.
    const posts = await eachMs(() => post(url, bodyOf(5)));
    if (round > 1) added.push(traced - posts - plain);
  }
  tracing.close();
  server.close();
  added.sort((one, other) => one - other);
  return Math.max(0, added[Math.floor(added.length / 2)]);
}

async function eachMs(call) {
  const start = performance.now();
  for (let i = 0; i < REQUESTS; i += 1) await call(`{ version } # ${i}`);
  return (performance.now() - start) / REQUESTS;
}

async function keptByMinute(body) {
  const receiver = await startTraceReceiver();
  const tracing = await SessionTracing.start({});
  const { traceparent } = tracing.begin(undefined);
  const [, trace, parent] = traceparent.split("-");
  const watched = bodyOf(SPANS, trace, parent).subarray();
  await post(tracing.variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, watched);
  const before = await liveBytes();
  let most = before;
  for (let spans = 0; spans < MINUTE_OF_SPANS; spans += 2 * SPANS) {
    await post(receiver.endpoint, body);
    await post(tracing.variables.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, bodyOf(SPANS, trace, parent));
    if (spans % WEIGHED_EVERY === 0) most = Math.max(most, await liveBytes());
  }
  const keptMiB = (most - before) / 2 ** 20;
  tracing.close();
  await receiver.close();
  return Math.max(0, keptMiB);
}

/** Returns the memory in use, in the heap and outside of it. */
async function liveBytes() {
  // Memory outside the heap is freed only one turn after its object is collected.
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let ids = 0;

/** Encodes spans like those of a pull, all with the same parent. */
function bodyOf(count, trace = "0af7651916cd43dd8448eb211c80319c", parent = "b7ad6b7169203331") {
  const spans = Array.from({ length: count }, () => {
    ids += 1;
    return {
      scope: "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
      name: "remotes.docker.resolver.HTTPRequest",
      trace,
      id: ids.toString(16).padStart(16, "0"),
      parent,
      startNs: "1795473288102464821",
      endNs: "1795473288158790397",
      status: "unset",
      message: "",
      attributes: {
        "http.request.method": "HEAD",
        "url.full": "https://registry-1.docker.io/v2/library/busybox/manifests/h5",
        "server.address": "registry-1.docker.io",
        "network.protocol.version": "1.1",
        "http.response.status_code": 200,
      },
    };
  });
  return Buffer.from(encodeSpans(spans, { "service.name": "dagger-engine" }));
}

function post(url, body, gzip = false) {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/x-protobuf",
      ...(gzip ? { "content-encoding": "gzip" } : {}),
    };
    const request = httpRequest(url, { method: "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      response.on("end", () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    request.on("error", reject).end(body);
  });
}
