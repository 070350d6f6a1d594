// Tests HTTP/2 with prior knowledge, as the dagger CLI uses it. The proxy relays each stream.

import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import { authorization, newGuard } from "./scene.js";
import { dial, TOKEN } from "./wire.js";

type Answering = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

async function serveHttp2(answering: Answering) {
  const server: Http2Server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  server.on("sessionError", () => undefined);
  server.on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    answering(stream, headers);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await startSessionProxy({ guard: newGuard(), target: { port, token: TOKEN } });
  const client: ClientHttp2Session = connect(`http://127.0.0.1:${proxy.address.port}`);
  client.on("error", () => undefined);
  return {
    client,
    sessions,
    proxy,
    request: (headers: IncomingHttpHeaders, options = {}): ClientHttp2Stream => {
      const stream = client.request(
        { authorization: authorization(proxy.address), ...headers },
        options,
      );
      stream.on("error", () => undefined);
      return stream;
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await proxy.close();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolves when a stream or a connection has closed, with or without an error. */
function closed(one: { once(event: "close", listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => one.once("close", resolve));
}

async function textOf(stream: ClientHttp2Stream | ServerHttp2Stream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) text += chunk;
  return text;
}

test("changes only the token of a stream", async () => {
  let came: IncomingHttpHeaders = {};
  await using scene = await serveHttp2(async (stream, headers) => {
    came = headers;
    const body = await textOf(stream);
    stream.respond({ ":status": 207, "x-b": ["1", "2"], "set-cookie": ["a=1", "b=2"] });
    stream.end(`got ${body}`);
  });
  const stream = scene.request({ ":method": "POST", ":path": "/init?a=%20b", "x-a": "1" });
  stream.end("hello");
  const [headers] = await once(stream, "response");
  expect(headers).toMatchObject({ ":status": 207, "x-b": "1, 2", "set-cookie": ["a=1", "b=2"] });
  expect(await textOf(stream)).toBe("got hello");
  expect(came).toMatchObject({
    ":method": "POST",
    ":path": "/init?a=%20b",
    ":authority": `127.0.0.1:${scene.proxy.address.port}`,
    "x-a": "1",
    authorization: authorization({ port: 0, token: TOKEN }),
  });
  expect(scene.proxy.counts.requests).toBe(0);
});

test("answers 401 to a wrong token, and forwards nothing", async () => {
  await using scene = await serveHttp2(() => undefined);
  const stream = scene.request({ ":path": "/", authorization: "Basic YTo=" });
  const [headers] = await once(stream, "response");
  expect(headers[":status"]).toBe(401);
  expect(await textOf(stream)).toBe("");
});

test("streams run in parallel on one connection, and events arrive at once", async () => {
  const open = new Map<string, ServerHttp2Stream>();
  await using scene = await serveHttp2((stream, headers) => {
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    open.set(headers[":path"] as string, stream);
  });
  const paths = Array.from({ length: 50 }, (_, index) => `/events/${index}`);
  const streams = paths.map((path) => scene.request({ ":path": path }));
  await Promise.all(streams.map((stream) => once(stream, "response")));
  expect(scene.sessions.length).toBe(1);
  const readers = streams.map((stream) => stream.setEncoding("utf8")[Symbol.asyncIterator]());
  for (const round of ["one", "two"]) {
    for (const [index, path] of paths.entries()) open.get(path)?.write(`${round} ${index}`);
    for (const [index, reader] of readers.entries()) {
      expect(await reader.next()).toEqual({ done: false, value: `${round} ${index}` });
    }
  }
  for (const path of paths) open.get(path)?.end();
  for (const reader of readers) expect((await reader.next()).done).toBe(true);
});

test("relays trailers both ways", async () => {
  let came: IncomingHttpHeaders = {};
  await using scene = await serveHttp2((stream) => {
    stream.once("trailers", (trailers) => {
      came = trailers;
    });
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.resume().once("end", () => stream.end("done"));
  });
  const stream = scene.request({ ":method": "POST", ":path": "/" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "x-sum": "4" }));
  stream.end("body");
  const trailers = once(stream, "trailers");
  expect(await textOf(stream)).toBe("done");
  expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
  expect(came).toMatchObject({ "x-sum": "4" });
});

test("relays the reset of a stream with its code, both ways, and affects no other", async () => {
  const served: ServerHttp2Stream[] = [];
  await using scene = await serveHttp2((stream, headers) => {
    if (headers[":path"] === "/hold") {
      served.push(stream);
      stream.respond({ ":status": 200 });
    } else stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  });
  const other = scene.request({ ":path": "/hold" });
  await once(other, "response");
  const refused = scene.request({ ":path": "/reset" });
  await closed(refused);
  expect(refused.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  const dropped = scene.request({ ":path": "/hold" });
  await once(dropped, "response");
  const gone = closed(served[1] as ServerHttp2Stream);
  dropped.close(constants.NGHTTP2_CANCEL);
  await gone;
  expect(served[1]?.rstCode).toBe(constants.NGHTTP2_CANCEL);
  served[0]?.end("still here");
  expect(await textOf(other)).toBe("still here");
});

test("relays large bodies both ways", async () => {
  const CHUNK = Buffer.alloc(64 * 1024, "a");
  const CHUNKS = 512;
  await using scene = await serveHttp2((stream) => {
    stream.respond({ ":status": 200 });
    stream.pipe(stream);
  });
  const stream = scene.request({ ":method": "POST", ":path": "/echo" });
  const write = (left: number): void => {
    if (left === 0) stream.end();
    else stream.write(CHUNK, () => write(left - 1));
  };
  write(CHUNKS);
  let bytes = 0;
  for await (const chunk of stream) bytes += chunk.length;
  expect(bytes).toBe(CHUNKS * CHUNK.length);
});

test("the end of the session's connection ends the client's, after the streams in progress", async () => {
  const held: ServerHttp2Stream[] = [];
  await using scene = await serveHttp2((stream) => {
    stream.respond({ ":status": 200 });
    held.push(stream);
  });
  const stream = scene.request({ ":path": "/" });
  await once(stream, "response");
  const goaway = closed(scene.client);
  scene.sessions[0]?.close();
  held[0]?.end("the last");
  expect(await textOf(stream)).toBe("the last");
  await goaway;
});

test("a lost session ends the client's connection, and a lost client the session's", async () => {
  await using scene = await serveHttp2((stream) => stream.respond({ ":status": 200 }));
  const stream = scene.request({ ":path": "/" });
  await once(stream, "response");
  const over = closed(scene.client);
  scene.sessions[0]?.destroy();
  await over;
  const next = connect(`http://127.0.0.1:${scene.proxy.address.port}`);
  next.on("error", () => undefined);
  const held = next.request({ ":path": "/", authorization: authorization(scene.proxy.address) });
  held.on("error", () => undefined);
  await once(held, "response");
  const left = closed(scene.sessions[1] as ServerHttp2Session);
  next.destroy();
  await left;
});

test("accepts the first bytes one by one", async () => {
  await using scene = await serveHttp2(() => undefined);
  const line = dial(scene.proxy.address.port);
  line.socket.setNoDelay();
  for (const byte of "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
    line.socket.write(byte);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  // Each side of HTTP/2 must first send a frame with settings.
  line.socket.write("\0\0\0\x04\0\0\0\0\0", "latin1");
  await line.until("\x04\0\0\0\0\0");
  line.socket.destroy();
});

test.each([
  "P",
  "PRI * HTTP/1.1\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense of some length",
])("bytes that only begin like HTTP/2 harm nothing: %j", async (bytes) => {
  await using scene = await serveHttp2((stream) =>
    stream.respond({ ":status": 200 }, { endStream: true }),
  );
  const line = dial(scene.proxy.address.port);
  line.socket.end(bytes);
  await line.ended();
  const [headers] = await once(scene.request({ ":path": "/" }), "response");
  expect(headers[":status"]).toBe(200);
});
