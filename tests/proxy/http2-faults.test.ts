// Tests faults in HTTP/2 on either side. Each must end one stream or one connection, and nothing else.

import { once } from "node:events";
import {
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer as createNetServer, type Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { startSessionProxy } from "../../src/proxy/session-proxy.js";
import {
  errorCode,
  FLAG,
  FRAME,
  FrameClient,
  FrameReader,
  frame,
  headBlock,
  PREFACE,
  requestFields,
} from "./http2-frames.js";
import { authorization, newGuard } from "./scene.js";
import { TOKEN } from "./wire.js";

/** Starts a session that speaks HTTP/2, a proxy in front of it, and a client that sends frames as bytes. */
async function scene(answering: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => {
    session.on("error", () => undefined);
    sessions.push(session);
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    answering(stream);
  });
  return { sessions, ...(await proxyBefore(server)) };
}

async function proxyBefore(server: ReturnType<typeof createNetServer>) {
  const connections: Socket[] = [];
  server.on("connection", (socket) => connections.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const proxy = await startSessionProxy({ guard: newGuard(), target: { port, token: TOKEN } });
  const clients: FrameClient[] = [];
  const dial = () => {
    const client = new FrameClient(proxy.address.port);
    clients.push(client);
    return client;
  };
  return {
    dial,
    connections,
    fields: (more: readonly (readonly [string, string])[] = []) =>
      requestFields(authorization(proxy.address), more),
    async [Symbol.asyncDispose]() {
      for (const { socket } of clients) socket.destroy();
      await proxy.close();
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const answerOk = (stream: ServerHttp2Stream) => {
  stream.respond({ ":status": 200 }, { endStream: true });
};

test("relays the session's GOAWAY at once, rejects new streams, and finishes old ones", async () => {
  const held: ServerHttp2Stream[] = [];
  await using served = await scene((stream) => {
    stream.respond({ ":status": 200 });
    held.push(stream);
  });
  const client = served.dial();
  client.request(1, served.fields());
  await client.next(FRAME.headers, 1);
  served.sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR);
  const told = await client.next(FRAME.goaway, 0);
  expect(told?.payload.subarray(4, 8)).toEqual(errorCode(constants.NGHTTP2_NO_ERROR));
  client.request(3, served.fields());
  client.send(frame(FRAME.ping, FLAG.none, 0, Buffer.alloc(8)));
  await client.next(FRAME.ping, 0);
  expect(held.length).toBe(1);
  held[0]?.end("the last");
  expect((await client.next(FRAME.data, 1))?.payload.toString()).toBe("the last");
});

test.each(["shown", "not shown"])(
  "a stream reset before its answer affects no other, its token %s",
  async (token) => {
    await using served = await scene(answerOk);
    const client = served.dial();
    const fields = token === "shown" ? served.fields() : requestFields("Basic YTo=");
    const streams = Array.from({ length: 20 }, (_, index) => 2 * index + 1);
    client.send(
      ...streams.flatMap((stream) => [
        frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, headBlock(fields)),
        frame(FRAME.reset, FLAG.none, stream, errorCode(constants.NGHTTP2_CANCEL)),
      ]),
    );
    client.request(101, served.fields());
    expect(await client.next(FRAME.headers, 101)).toBeDefined();
  },
);

test.each([
  ["http2-settings", "AAMAAABk"],
  ["connection", "keep-alive"],
  ["keep-alive", "timeout=5"],
  ["proxy-connection", "keep-alive"],
  ["transfer-encoding", "chunked"],
  ["upgrade", "h2c"],
  ["te", "gzip"],
  ["content-length", "many"],
  [":unknown", "1"],
])("a request with the header %s: %s ends only its stream", async (name, value) => {
  await using served = await scene(answerOk);
  const client = served.dial();
  client.request(1, served.fields([[name, value]]));
  client.request(3, served.fields());
  expect(await client.next(FRAME.headers, 3)).toBeDefined();
  expect(
    (await client.next(FRAME.reset, 1)) ?? (await client.next(FRAME.headers, 1)),
  ).toBeDefined();
});

/** The session's answers on a stream, as frames. Each answer breaks a rule. */
const ANSWERS: Readonly<Record<string, (stream: number) => readonly Buffer[]>> = {
  "a connection-specific header": (stream) => [
    head(stream, [
      [":status", "200"],
      ["http2-settings", "AAMAAABk"],
    ]),
  ],
  "a status beyond all": (stream) => [head(stream, [[":status", "999"]])],
  "101": (stream) => [head(stream, [[":status", "101"]], FLAG.endHeaders)],
  "an information after its answer": (stream) => [
    head(stream, [[":status", "200"]], FLAG.endHeaders),
    head(stream, [[":status", "103"]], FLAG.endHeaders),
  ],
  "no status": (stream) => [head(stream, [["x-a", "1"]])],
  "trailers that are none": (stream) => [
    head(stream, [[":status", "200"]], FLAG.endHeaders),
    head(stream, [["http2-settings", "AAMAAABk"]]),
  ],
  "an unwanted push": (stream) => [
    frame(
      5,
      FLAG.endHeaders,
      stream,
      Buffer.concat([Buffer.from([0, 0, 0, 2]), headBlock(requestFields("x"))]),
    ),
    head(stream, [[":status", "200"]]),
  ],
  "a reset without an error": (stream) => [
    frame(FRAME.reset, FLAG.none, stream, errorCode(constants.NGHTTP2_NO_ERROR)),
  ],
  "a reset": (stream) => [frame(FRAME.reset, FLAG.none, stream, errorCode(7))],
};

function head(
  stream: number,
  fields: readonly (readonly [string, string])[],
  flags = FLAG.endHeaders | FLAG.endStream,
): Buffer {
  return frame(FRAME.headers, flags, stream, headBlock(fields));
}

test.each(Object.keys(ANSWERS))(
  "a session that answers with %s affects no other connection",
  async (name) => {
    const server = createNetServer((socket) => {
      socket.on("error", () => undefined);
      socket.write(frame(FRAME.settings, FLAG.none, 0));
      const reader = new FrameReader();
      let isBegun = false;
      socket.on("data", (chunk: Buffer) => {
        // The first bytes of a connection are a preface, which is not a frame.
        const frames = reader.read(isBegun ? chunk : chunk.subarray(PREFACE.length));
        isBegun = true;
        for (const { type, stream } of frames) {
          if (type === FRAME.headers) socket.write(Buffer.concat(ANSWERS[name]?.(stream) ?? []));
        }
      });
    });
    await using served = await proxyBefore(server);
    const client = served.dial();
    client.request(1, served.fields());
    await Promise.race([
      client.next(FRAME.reset, 1),
      client.next(FRAME.headers, 1),
      client.next(FRAME.goaway, 0),
    ]);
    const other = served.dial();
    other.request(1, requestFields("Basic YTo="));
    expect(await other.next(FRAME.headers, 1)).toBeDefined();
  },
);

test.each([
  ["in good order", 0],
  ["with an error", 2],
])("a request with a body right after a GOAWAY %s ends only its connection", async (_how, code) => {
  await using served = await scene(answerOk);
  const client = served.dial();
  const goaway = Buffer.concat([Buffer.alloc(4), errorCode(code)]);
  client.send(
    frame(FRAME.goaway, FLAG.none, 0, goaway),
    frame(FRAME.headers, FLAG.endHeaders, 1, headBlock(served.fields())),
    frame(FRAME.data, FLAG.endStream, 1, Buffer.from("a body")),
  );
  client.socket.end();
  await client.next(FRAME.ping, 99);
  const other = served.dial();
  other.request(1, served.fields());
  expect(await other.next(FRAME.headers, 1)).toBeDefined();
});

test("answers a request right before a GOAWAY, and rejects one after it", async () => {
  await using served = await scene(answerOk);
  const client = served.dial();
  const request = (stream: number) =>
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, headBlock(served.fields()));
  client.send(request(1), frame(FRAME.goaway, FLAG.none, 0, Buffer.alloc(8)), request(3));
  expect(await client.next(FRAME.headers, 1)).toBeDefined();
  expect((await client.next(FRAME.reset, 3))?.payload).toEqual(
    errorCode(constants.NGHTTP2_REFUSED_STREAM),
  );
});

test("keeps the connection of a client that stops for minutes and answers no ping", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  await using served = await scene(answerOk);
  const client = served.dial();
  client.request(1, served.fields());
  await client.next(FRAME.headers, 1);
  const pings = () => client.frames.filter(({ type }) => type === FRAME.ping).length;
  // Node sends at most ten pings without an answer. After the ninth ping, the loop runs six times more.
  for (let left = 6; left > 0 && !client.socket.destroyed; left -= pings() < 9 ? 0 : 1) {
    vi.advanceTimersByTime(5000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  client.request(3, served.fields());
  expect(await client.next(FRAME.headers, 3)).toBeDefined();
});

test("opens no connection to the session for a client without a token", async () => {
  await using served = await scene(answerOk);
  const client = served.dial();
  client.request(1, requestFields("Basic YTo="));
  await client.next(FRAME.headers, 1);
  expect(served.connections).toEqual([]);
  client.request(3, served.fields());
  await client.next(FRAME.headers, 3);
  expect(served.connections.length).toBe(1);
});

test("reads a head of more than 16 KiB only after a token", async () => {
  await using served = await scene(answerOk);
  const long: [string, string] = ["x-long", "a".repeat(15_000)];
  const client = served.dial();
  client.request(1, [...requestFields("Basic YTo="), long, long]);
  await Promise.race([client.next(FRAME.reset, 1), client.next(FRAME.goaway, 0)]);
  expect(client.frames.some(({ type }) => type === FRAME.headers)).toBe(false);
  const member = served.dial();
  member.request(1, served.fields());
  await member.next(FRAME.headers, 1);
  member.send(frame(FRAME.settings, FLAG.ack, 0));
  member.request(3, served.fields([["x-long", "a".repeat(16_000)]]));
  expect(await member.next(FRAME.headers, 3)).toBeDefined();
});
