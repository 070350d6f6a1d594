// Tests upgrades to other protocols: accepted by both sides, rejected by the session, or only offered.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { dial, listenTo, requestOf, serveBytes, serveHttp } from "./wire.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = createHash("sha1")
  .update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  .digest("base64");
const SWITCH = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`;

const offer = (authorization: string) =>
  requestOf("GET /socket HTTP/1.1", [
    "Host: here",
    `Authorization: ${authorization}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
  ]);

/** A text with one byte of every value. */
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, value) => value)).toString("latin1");

test("relays all bytes after the handshake both ways, including those sent at once", async () => {
  let came = "";
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    const head = await line.until("\r\n\r\n");
    expect(head).toContain("Sec-WebSocket-Key");
    socket.write(`${SWITCH}first of the session${BYTES}`, "latin1");
    await line.until("second of the client");
    socket.write("second of the session");
    came = (await line.ended()).slice(head.indexOf("\r\n\r\n") + 4);
    socket.end("last of the session");
  });
  const line = dial(served.proxyPort);
  line.socket.write(`${offer(served.authorization)}first of the client${BYTES}`, "latin1");
  await line.until("first of the session");
  line.socket.write("second of the client");
  await line.until("second of the session");
  line.socket.end("last of the client");
  expect(await line.ended()).toBe(
    `${SWITCH}first of the session${BYTES}second of the sessionlast of the session`,
  );
  expect(came).toBe(`first of the client${BYTES}second of the clientlast of the client`);
});

test("a reset of one side resets the other", async () => {
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("\r\n\r\n");
    socket.write(SWITCH);
  });
  const first = dial(served.proxyPort);
  first.socket.write(offer(served.authorization));
  await first.until(SWITCH);
  served.connections[0]?.resetAndDestroy();
  await first.ended();
  expect(first.wasReset).toBe(true);
  const second = dial(served.proxyPort);
  second.socket.write(offer(served.authorization));
  await second.until(SWITCH);
  const session = served.connections[1];
  const over = new Promise((resolve) => session?.once("close", resolve));
  second.socket.resetAndDestroy();
  await over;
});

test("relays a rejection with its body, and ends the connection", async () => {
  await using served = await serveHttp((_request, response) => {
    response.writeHead(426, "No Sockets Here", { "X-Why": "none" });
    response.write("not ");
    response.end("here");
  });
  const line = dial(served.proxyPort);
  line.socket.write(offer(served.authorization));
  const answer = await line.ended();
  expect(answer).toMatch(/^HTTP\/1.1 426 No Sockets Here\r\nX-Why: none\r\n/);
  expect(answer).toMatch(/\r\nConnection: close\r\n/);
  expect(answer).toMatch(/\r\n4\r\nnot \r\n4\r\nhere\r\n0\r\n\r\n$/);
});

test("a wrong token opens nothing", async () => {
  await using served = await serveHttp(() => undefined);
  const line = dial(served.proxyPort);
  line.socket.write(offer("Basic YTo="));
  expect(await line.ended()).toMatch(/^HTTP\/1.1 401 Unauthorized\r\n/);
  expect(served.connections).toEqual([]);
});

test("an offer to upgrade does not hide a query from the guard", async () => {
  const seen: (string | undefined)[] = [];
  await using served = await serveHttp((request, response) => {
    seen.push(request.headers.upgrade);
    response.setHeader("content-type", "application/json").end('{"data":{"version":"v1"}}');
  });
  const line = dial(served.proxyPort);
  const body = '{"query":"{version}"}';
  const headers = [
    "Host: here",
    `Authorization: ${served.authorization}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
  ];
  const answers = () => line.text.split('{"data":{"version":"v1"}}').length - 1;
  const until = async (count: number) => {
    while (answers() < count) await new Promise((resolve) => line.socket.once("data", resolve));
  };
  line.socket.write(requestOf("POST /query HTTP/1.1", headers, body));
  await until(1);
  // Sends the request again, but with a pause between its head and its body.
  line.socket.write(requestOf("POST /query HTTP/1.1", headers));
  await new Promise((resolve) => setTimeout(resolve, 20));
  line.socket.write(body);
  await until(2);
  expect(served.proxy.counts.requests).toBe(2);
  expect(seen).toEqual([undefined, undefined]);
  line.socket.destroy();
});
