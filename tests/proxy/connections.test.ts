// Tests that each connection of a client has its own connection to the session, which is kept, goes stale
// and ends with it.

import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { startOwnTime } from "../own-time.js";
import { authorization, newGuard } from "./scene.js";
import { dial, listenTo, requestOf, serveBytes, serveHttp, TOKEN } from "./wire.js";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const headersOf = ({ authorization }: { authorization: string }) => [
  "Host: here",
  `Authorization: ${authorization}`,
];

test("each client connection has one connection to the session", async () => {
  await using served = await serveHttp((request, response) => response.end(request.url));
  const lines = [dial(served.proxyPort), dial(served.proxyPort)];
  for (const path of ["/first", "/second", "/third"]) {
    for (const line of lines) {
      line.socket.write(requestOf(`GET ${path} HTTP/1.1`, headersOf(served)));
      await line.until(`\r\n\r\n${path}`);
    }
  }
  expect(served.connections.length).toBe(2);
  const ends = served.connections.map((socket) => once(socket, "close"));
  for (const line of lines) line.socket.destroy();
  await Promise.all(ends);
});

test("a burst of connections waits for a busy process, and none is repeated", async () => {
  await using served = await serveHttp((_request, response) => response.end());
  const clients = Array.from({ length: 900 }, () => connect(served.proxyPort, "127.0.0.1"));
  const connected = Promise.all(clients.map((socket) => once(socket, "connect")));
  // The system now has the connection requests. The blocked process does not accept them for 300 ms.
  await new Promise(process.nextTick);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  const ownMs = startOwnTime();
  await connected;
  // When the system has no room for a request, it repeats the request after a second. So no request was
  // repeated.
  expect(ownMs()).toBeLessThan(200);
  for (const socket of clients) socket.destroy();
});

test("ends the client's connection if the session ends an idle one", async () => {
  await using served = await serveHttp((_request, response) => response.end("ok"));
  const line = dial(served.proxyPort);
  line.socket.write(requestOf("GET / HTTP/1.1", headersOf(served)));
  await line.until("ok");
  served.connections[0]?.end();
  await line.ended();
  expect(line.wasReset).toBe(false);
  line.socket.destroy();
});

test("ends the client's connection after an answer if the session does", async () => {
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("\r\n\r\n");
    socket.end(OK);
  });
  const line = dial(served.proxyPort);
  line.socket.write(requestOf("GET / HTTP/1.1", headersOf(served)));
  expect(await line.ended()).toBe(OK);
  line.socket.destroy();
});

test("closes the client's connection if the session closes instead of answering", async () => {
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("\r\n\r\n");
    socket.end();
  });
  const line = dial(served.proxyPort);
  line.socket.write(requestOf("GET / HTTP/1.1", headersOf(served)));
  expect(await line.ended()).toBe("");
});

test("resets the client's connection if the session is missing", async () => {
  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const proxy = await startSessionProxy({ guard: newGuard(), target: { port, token: TOKEN } });
  const line = dial(proxy.address.port);
  const headers = headersOf({ authorization: authorization(proxy.address) });
  line.socket.write(requestOf("GET / HTTP/1.1", headers));
  expect(await line.ended()).toBe("");
  expect(line.wasReset).toBe(true);
  await proxy.close();
});

test("a client that closes after its request drops it at the session", async () => {
  const order: string[] = [];
  let notify = () => {};
  const next = () =>
    new Promise<void>((resolve) => {
      notify = resolve;
    });
  await using served = await serveHttp((_request, response) => {
    order.push("came");
    response.once("close", () => {
      order.push("dropped");
      notify();
    });
    notify();
  });
  const line = dial(served.proxyPort);
  const hasCome = next();
  line.socket.write(requestOf("GET / HTTP/1.1", headersOf(served)));
  await hasCome;
  const isDropped = next();
  line.socket.end();
  await isDropped;
  await line.ended();
  expect(order).toEqual(["came", "dropped"]);
});

test("answers pipelined requests in order, each after the previous one", async () => {
  const order: string[] = [];
  await using served = await serveHttp((request, response) => {
    order.push(`begin ${request.url}`);
    setImmediate(() => {
      order.push(`end ${request.url}`);
      response.end(`[${request.url}]`);
    });
  });
  const line = dial(served.proxyPort);
  const paths = ["/a", "/b", "/c", "/d"];
  line.socket.write(
    paths
      .map((path) =>
        requestOf(`POST ${path} HTTP/1.1`, [...headersOf(served), "Content-Length: 2"], "{}"),
      )
      .join(""),
  );
  const answer = await line.until("[/d]");
  expect(answer.match(/\[\/.\]/g)).toEqual(paths.map((path) => `[${path}]`));
  expect(order).toEqual(paths.flatMap((path) => [`begin ${path}`, `end ${path}`]));
  expect(served.connections.length).toBe(1);
  line.socket.destroy();
});

test("stops reading a client that pipelines thousands of requests", async () => {
  await using served = await serveHttp(() => undefined);
  const line = dial(served.proxyPort);
  const request = requestOf("GET / HTTP/1.1", headersOf(served));
  line.socket.write(request.repeat(5000));
  await line.ended();
  expect(line.text).toBe("");
});

test("relays an answer before the end of its request, and the rest of the request as well", async () => {
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    await line.until("\r\n\r\n");
    socket.write(OK);
    await line.until("0123456789GET /b");
    socket.write(OK.replace("ok", "2!"));
  });
  const line = dial(served.proxyPort);
  line.socket.write(requestOf("POST /a HTTP/1.1", [...headersOf(served), "Content-Length: 10"]));
  await line.until(OK);
  line.socket.write("0123456789");
  line.socket.write(requestOf("GET /b HTTP/1.1", headersOf(served)));
  await line.until("2!");
  expect(served.connections.length).toBe(1);
  line.socket.destroy();
});
