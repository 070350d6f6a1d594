// Tests that all requests except queries pass the proxy unchanged: heads, bodies, and how HTTP/1.1 uses
// connections.

import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import { dial, listenTo, requestOf, serveBytes, serveHttp, TOKEN } from "./wire.js";

const TARGET_AUTHORIZATION = `Basic ${Buffer.from(`${TOKEN}:`).toString("base64")}`;

test("keeps the case, the order and the number of headers, except for the token", async () => {
  let came = "";
  await using served = await serveBytes(async (socket) => {
    came = await listenTo(socket).until("\r\n\r\n");
    socket.end(
      "HTTP/1.1 299 Quite Fine\r\nx-One: 1\r\nX-oNE: 2\r\nB: \xe9\r\nx-one: 3\r\ncontent-LENGTH: 2\r\n\r\nok",
      "latin1",
    );
  });
  const head = (authorization: string) =>
    requestOf("DELETE /a%20b?c=%C3%A9 HTTP/1.1", [
      "hOST: somewhere",
      "X-b: 1",
      `AuthorizatioN: ${authorization}`,
      "x-B: 2",
      "Connection: keep-alive",
      "A:  \xe9",
    ]);
  const line = dial(served.proxyPort);
  line.socket.write(head(served.authorization), "latin1");
  expect(await line.ended()).toBe(
    "HTTP/1.1 299 Quite Fine\r\nx-One: 1\r\nX-oNE: 2\r\nB: \xe9\r\nx-one: 3\r\ncontent-LENGTH: 2\r\n\r\nok",
  );
  expect(came).toBe(head(TARGET_AUTHORIZATION).replace("A:  ", "A: "));
});

test.each([
  ["none", undefined],
  ["another", `Basic ${Buffer.from("beef:").toString("base64")}`],
  ["one of the right length", `Basic ${Buffer.from(`${"0".repeat(64)}:`).toString("base64")}`],
  ["the session's own", TARGET_AUTHORIZATION],
  ["another scheme", "Bearer abc"],
])("answers 401 to %s as token, and forwards nothing", async (_, authorization) => {
  await using served = await serveHttp((_request, response) => response.end("secret"));
  for (const path of ["/query", "/other"]) {
    const answer = await fetch(`http://127.0.0.1:${served.proxyPort}${path}`, {
      method: "POST",
      body: "{}",
      headers: authorization === undefined ? {} : { authorization },
    });
    expect([answer.status, await answer.text()]).toEqual([401, ""]);
  }
  expect(served.connections).toEqual([]);
  expect(served.proxy.counts.requests).toBe(0);
});

test("chunked bodies keep their trailers both ways", async () => {
  let trailers: string[] = [];
  await using served = await serveHttp((request, response) => {
    request.resume().on("end", () => {
      trailers = request.rawTrailers;
      response.writeHead(200, { Trailer: "X-Sum" });
      response.write("one");
      response.addTrailers([["X-SuM", "3"]]);
      response.end("two");
    });
  });
  const line = dial(served.proxyPort);
  line.socket.write(
    requestOf(
      "POST /upload HTTP/1.1",
      [
        "Host: here",
        `Authorization: ${served.authorization}`,
        "Transfer-Encoding: chunked",
        "Trailer: X-Check",
      ],
      "3\r\nabc\r\n0\r\nX-cHECK: yes\r\n\r\n",
    ),
  );
  const answer = await line.until("X-SuM: 3\r\n\r\n");
  expect(answer).toMatch(/\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-SuM: 3\r\n\r\n$/);
  expect(trailers).toEqual(["X-cHECK", "yes"]);
  line.socket.destroy();
});

test.each([
  ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
  ["GET", "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n"],
  ["GET", 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "a"\r\n\r\n'],
])("an answer without a body to %s keeps the connection: %j", async (method, answer) => {
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    await line.until("/first");
    socket.write(answer);
    await line.until("/second");
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  });
  const line = dial(served.proxyPort);
  const headers = ["Host: here", `Authorization: ${served.authorization}`];
  line.socket.write(requestOf(`${method} /first HTTP/1.1`, headers));
  await line.until("\r\n\r\n");
  expect(line.text).toBe(answer);
  line.socket.write(requestOf("GET /second HTTP/1.1", headers));
  expect(await line.until("done")).toBe(
    `${answer}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone`,
  );
  expect(served.connections.length).toBe(1);
  line.socket.destroy();
});

test("an HTTP/1.0 client gets a chunked answer without chunks, ended by the connection", async () => {
  await using served = await serveHttp((_request, response) => {
    response.write("one");
    response.end("two");
  });
  const line = dial(served.proxyPort);
  line.socket.write(requestOf("GET / HTTP/1.0", [`Authorization: ${served.authorization}`]));
  const answer = await line.ended();
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(answer).toMatch(/\r\n\r\nonetwo$/);
  expect(answer).not.toMatch(/transfer-encoding/i);
});

test("relays an answer that ends with its connection, and a reset before that end", async () => {
  let isReset = false;
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("\r\n\r\n");
    socket.write("HTTP/1.1 200 OK\r\n\r\nall", () => {
      if (!isReset) socket.end();
    });
  });
  const send = () => {
    const line = dial(served.proxyPort);
    const headers = ["Host: here", `Authorization: ${served.authorization}`];
    line.socket.write(requestOf("GET / HTTP/1.1", headers));
    return line;
  };
  const whole = send();
  expect(await whole.ended()).toBe("HTTP/1.1 200 OK\r\n\r\nall");
  expect(whole.wasReset).toBe(false);
  isReset = true;
  const broken = send();
  await broken.until("all");
  served.connections.at(-1)?.resetAndDestroy();
  await broken.ended();
  expect(broken.wasReset).toBe(true);
});

test("100 Continue comes from the session, and so does its rejection", async () => {
  await using served = await serveBytes(async (socket) => {
    const line = listenTo(socket);
    await line.until("\r\n\r\n");
    if (line.text.includes("/refused")) {
      socket.end(
        "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      );
      return;
    }
    socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    await line.until("body");
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken");
  });
  const headers = [
    "Host: here",
    `Authorization: ${served.authorization}`,
    "Expect: 100-continue",
    "Content-Length: 4",
  ];
  const taken = dial(served.proxyPort);
  taken.socket.write(requestOf("PUT /taken HTTP/1.1", headers));
  await taken.until("HTTP/1.1 100 Continue\r\n\r\n");
  taken.socket.write("body");
  expect(await taken.ended()).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/);
  const refused = dial(served.proxyPort);
  refused.socket.write(requestOf("PUT /refused HTTP/1.1", headers));
  expect(await refused.ended()).toMatch(/^HTTP\/1.1 417 Expectation Failed\r\n/);
});

test("relays other interim answers as well", async () => {
  await using served = await serveBytes(async (socket) => {
    await listenTo(socket).until("\r\n\r\n");
    socket.end(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
  });
  const line = dial(served.proxyPort);
  line.socket.write(
    requestOf("GET / HTTP/1.1", ["Host: here", `Authorization: ${served.authorization}`]),
  );
  expect(await line.ended()).toBe(
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
  );
});

test("buffers nothing: each side receives the first bytes before the last are sent", async () => {
  await using served = await serveHttp((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    request.on("data", (chunk) => response.write(`data: ${chunk}\n\n`));
    request.on("end", () => response.end("data: end\n\n"));
  });
  const request = httpRequest({
    port: served.proxyPort,
    host: "127.0.0.1",
    method: "POST",
    path: "/events",
    agent: false,
    headers: { authorization: served.authorization, "transfer-encoding": "chunked" },
  });
  request.flushHeaders();
  const [answer] = await once(request, "response");
  const events = answer.setEncoding("utf8")[Symbol.asyncIterator]();
  for (const word of ["one", "two", "three"]) {
    request.write(word);
    expect(await events.next()).toEqual({ done: false, value: `data: ${word}\n\n` });
  }
  request.end();
  expect(await events.next()).toEqual({ done: false, value: "data: end\n\n" });
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test("a client that is slow to read slows the session down", async () => {
  const CHUNK = Buffer.alloc(64 * 1024);
  const CHUNKS = 1024;
  let written = 0;
  let stalled = () => {};
  const stall = new Promise<void>((resolve) => {
    stalled = resolve;
  });
  await using served = await serveHttp((_request, response) => {
    // Loopback buffers a few MiB at most. When no callback comes for a second, the proxy has stopped
    // reading.
    const timer = setTimeout(stalled, 1000);
    const write = () => {
      timer.refresh();
      written += 1;
      if (written === CHUNKS) {
        clearTimeout(timer);
        response.end(CHUNK, stalled);
      } else response.write(CHUNK, write);
    };
    write();
  });
  const request = httpRequest({
    port: served.proxyPort,
    host: "127.0.0.1",
    agent: false,
    headers: { authorization: served.authorization },
  });
  const [answer] = await once(request.end(), "response");
  await stall;
  expect(written).toBeLessThan(CHUNKS / 2);
  let bytes = 0;
  for await (const chunk of answer) bytes += chunk.length;
  expect(bytes).toBe(CHUNKS * CHUNK.length);
});
