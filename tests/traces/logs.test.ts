/** Tests a receiver of logs: what it accepts, answers and forwards. */

import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { logCollectorOf } from "../../src/traces/environment.js";
import { countRecords } from "../../src/traces/logs/count-records.js";
import { type LogReceiver, startLogReceiver } from "../../src/traces/logs/log-receiver.js";
import { startCollector } from "./fake-collector.js";

interface Recorded {
  readonly contentEncoding: string | null;
  readonly body: Buffer;
}

const RECORDED = readFileSync(
  new URL("../fixtures/traces/otlp-logs.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): Recorded => {
    const { contentEncoding, bodyBase64 } = JSON.parse(line);
    return { contentEncoding, body: Buffer.from(bodyBase64, "base64") };
  });
const STEPS = "dagger.io/engine.buildkit";

const receivers: LogReceiver[] = [];
afterEach(() => Promise.all(receivers.splice(0).map((receiver) => receiver.close(100))));

async function start(forwardTo?: string) {
  const receiver = await startLogReceiver(forwardTo);
  receivers.push(receiver);
  const heard: (readonly (readonly [string, number])[])[] = [];
  receiver.onRecords((records) => void heard.push([...records]));
  return { receiver, heard };
}

function post(url: string, { body, contentEncoding }: Recorded, more: Record<string, string> = {}) {
  const headers = { "content-type": "application/x-protobuf", ...more };
  return fetch(url, {
    method: "POST",
    body: new Uint8Array(body),
    headers:
      contentEncoding === null ? headers : { ...headers, "content-encoding": contentEncoding },
  });
}

test("counts records by scope, also in a compressed body", async () => {
  const { receiver, heard } = await start();
  for (const recorded of RECORDED) {
    expect((await post(receiver.endpoint, recorded)).status).toBe(200);
  }
  await vi.waitFor(() => expect(heard).toHaveLength(RECORDED.length));
  expect(heard).toEqual(RECORDED.map(() => [[STEPS, 2]]));
});

test("accepts nothing without the token", async () => {
  const { receiver, heard } = await start();
  const { origin, pathname } = new URL(receiver.endpoint);
  expect(pathname).toMatch(/^\/[0-9a-f]{32}\/v1\/logs$/);
  const [first] = RECORDED as [Recorded];
  for (const path of ["/", "/v1/logs", `/${"0".repeat(32)}/v1/logs`]) {
    expect((await post(`${origin}${path}`, first)).status).toBe(404);
  }
  expect(heard).toEqual([]);
});

test("answers 200 to an invalid body as well, and ignores it", async () => {
  const { receiver, heard } = await start();
  const [first] = RECORDED as [Recorded];
  const cut = { contentEncoding: null, body: first.body.subarray(0, 40) };
  const packed = { contentEncoding: "gzip", body: Buffer.from("no gzip") };
  const large = { contentEncoding: null, body: Buffer.alloc(17 * 1024 * 1024) };
  for (const body of [cut, packed, large]) {
    expect((await post(receiver.endpoint, body)).status).toBe(200);
  }
  await post(receiver.endpoint, first);
  await vi.waitFor(() => expect(heard).toHaveLength(1));
});

test("forwards logs to the user's own endpoint unchanged, with its headers", async () => {
  await using collector = await startCollector();
  const { receiver } = await start(collector.endpoint);
  const [first] = RECORDED as [Recorded];
  await post(receiver.endpoint, first, { "x-all": "key" });
  await vi.waitFor(() => expect(collector.received).toHaveLength(1));
  expect(collector.received[0]).toMatchObject({ headers: { "x-all": "key" }, body: first.body });
});

test("a collector that never answers delays no exporter", async () => {
  await using collector = await startCollector(() => undefined);
  const { receiver } = await start(collector.endpoint);
  for (const recorded of RECORDED) {
    expect((await post(receiver.endpoint, recorded)).status).toBe(200);
  }
});

test("no changed byte in a body makes the reader throw", () => {
  const { body } = (RECORDED as [Recorded])[0];
  for (let at = 0; at < body.length; at += 1) {
    const twisted = Buffer.from(body);
    twisted[at] = (twisted[at] ?? 0) ^ 0xff;
    expect(() => countRecords(twisted)).not.toThrow();
  }
});

test.each([
  [{}, { kind: "none" }],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318" }, { kind: "none" }],
  [
    { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://otel:4318/in/logs" },
    { kind: "http", endpoint: "http://otel:4318/in/logs" },
  ],
  [
    { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://otel:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    { kind: "left-alone" },
  ],
])("the user's endpoint for logs in %j is %j", (env, expected) => {
  expect(logCollectorOf(env)).toMatchObject(expected);
});
