// Tests the limits of a connection before it has sent the token, and that they end with the token.

import { once } from "node:events";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { dial, listenTo, requestOf, serveBytes, serveHttp } from "./wire.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const serve = () => serveHttp((_request, response) => response.end("taken"));
const LONG = `X-Long: ${"a".repeat(20_000)}`;

/** Connects. Resolves once the proxy has accepted the connection. */
async function dialTaken(port: number, bytes = "") {
  const line = dial(port);
  await once(line.socket, "connect");
  if (bytes !== "") line.socket.write(bytes);
  // The proxy sets a timer when it accepts a connection.
  while (vi.getTimerCount() === 0) await new Promise(setImmediate);
  return line;
}

test.each([
  ["silent", ""],
  ["that sends half a head", "GET / HTTP/1.1\r\nHost: a\r\n"],
  ["that sends half a preface", "PRI * HTTP/2.0\r\n"],
  ["of HTTP/2 without a stream", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"],
])("a connection %s is closed after 5 s", async (_what, bytes) => {
  await using served = await serve();
  const line = await dialTaken(served.proxyPort, bytes);
  vi.advanceTimersByTime(4900);
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  expect(line.socket.readableEnded).toBe(false);
  vi.advanceTimersByTime(200);
  await line.ended();
  expect(served.connections).toEqual([]);
});

test("keeps a connection with the token for as long as its client wants", async () => {
  await using served = await serveBytes(async (socket) => {
    const session = listenTo(socket);
    for (const [path, text] of [
      ["/one", "first"],
      ["/two", "other"],
    ] as const) {
      await session.until(path);
      await session.until(`X-Last: ${path}\r\n`);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${text}`);
    }
  });
  const headers = ["Host: a", `Authorization: ${served.authorization}`];
  const line = dial(served.proxyPort);
  line.socket.write(requestOf("GET /one HTTP/1.1", [...headers, "X-Last: /one"]));
  await line.until("first");
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(3_600_000);
  line.socket.write(requestOf("GET /two HTTP/1.1", [...headers, LONG, "X-Last: /two"]));
  expect(await line.until("other")).toContain("200 OK");
  line.socket.destroy();
});

test.each([
  ["at once", [1]],
  ["in pieces", [0.3, 0.6, 1]],
])(
  "answers 431 to a first head of more than 16 KiB that comes %s, and forwards nothing",
  async (_how, cuts) => {
    await using served = await serve();
    const line = dial(served.proxyPort);
    const bytes = requestOf("GET / HTTP/1.1", ["Host: a", LONG, "X-B: b"]);
    let sent = 0;
    for (const cut of cuts) {
      const end = Math.round(bytes.length * cut);
      line.socket.write(bytes.slice(sent, end));
      sent = end;
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    }
    expect(await line.ended()).toMatch(/^HTTP\/1\.1 (431|401) /);
    expect(served.connections).toEqual([]);
  },
);

test("answers a wrong token once, and ends the connection after reading the body", async () => {
  await using served = await serve();
  const line = dial(served.proxyPort);
  const body = "b".repeat(100_000);
  const head = ["Host: a", "Authorization: Basic YTo=", `Content-Length: ${body.length}`];
  line.socket.write(requestOf("POST /query HTTP/1.1", head));
  await line.until("\r\n\r\n");
  line.socket.write(
    `${body}GET / HTTP/1.1\r\nHost: a\r\nAuthorization: ${served.authorization}\r\n\r\n`,
  );
  const answer = await line.ended();
  expect(answer).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n(.+\r\n)*Connection: close\r\n/);
  expect(answer.match(/HTTP\/1\.1/g)?.length).toBe(1);
  expect(line.wasReset).toBe(false);
  expect(served.connections).toEqual([]);
});
