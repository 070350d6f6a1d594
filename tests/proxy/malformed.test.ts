// Tests bytes that are not HTTP, and HTTP that ends too early. On either side they must end one connection
// and nothing else.

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dial, requestOf, serveBytes } from "./wire.js";

const rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => {
  process.off("unhandledRejection", note);
  expect(rejections).toEqual([]);
});

const ANSWER =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"data":{}}';

/**
 * Generates bytes that are nearly a message. Some bytes are changed, removed or doubled, and the end may be
 * missing.
 */
function nearly(message: string): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat({ max: message.length }),
    remove: fc.nat({ max: 8 }),
    insert: fc.string({
      unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 6,
    }),
  });
  return fc
    .tuple(
      fc.array(change, { maxLength: 4 }),
      fc.option(fc.nat({ max: message.length }), { nil: message.length }),
    )
    .map(([changes, end]) => {
      let text = message;
      for (const { at, remove, insert } of changes) {
        text = text.slice(0, at) + insert + text.slice(at + remove);
      }
      return text.slice(0, end + 12);
    });
}

const messages = (authorization: string) => {
  const headers = ["Host: a", `Authorization: ${authorization}`];
  const query = '{"query":"{version}"}';
  return [
    requestOf("GET /other HTTP/1.1", headers),
    requestOf("POST /query HTTP/1.1", [...headers, `Content-Length: ${query.length}`], query),
    requestOf(
      "POST /query HTTP/1.1",
      [...headers, "Transfer-Encoding: chunked"],
      `15\r\n${query}\r\n0\r\nX-T: 1\r\n\r\n`,
    ),
    requestOf(
      "POST /up HTTP/1.1",
      [...headers, "Expect: 100-continue", "Content-Length: 3"],
      "abc",
    ),
    requestOf("GET /socket HTTP/1.1", [...headers, "Upgrade: websocket", "Connection: Upgrade"]),
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\0\x04\0\0\xff\xff\0\x02\0\0\0\0\0\0\x05\x01\x05\0\0\0\x01abcde",
  ];
};

test("a client that sends no HTTP, or half a message, ends only its own connection", async () => {
  await using served = await serveBytes((socket) => {
    socket.on("data", () => socket.write(ANSWER));
    socket.on("end", () => socket.end());
  });
  served.guard.engine.disable();
  const bytes = fc.oneof(
    ...messages(served.authorization).map(nearly),
    fc.uint8Array({ maxLength: 300 }).map((given) => Buffer.from(given).toString("latin1")),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), async (given, resets) => {
      const line = dial(served.proxyPort);
      line.socket.write(given, "latin1");
      await new Promise(setImmediate);
      if (resets) line.socket.resetAndDestroy();
      else line.socket.end();
      await line.ended();
      line.socket.destroy();
    }),
    { numRuns: 400 },
  );
  const line = dial(served.proxyPort);
  line.socket.write(
    requestOf("GET / HTTP/1.1", ["Host: a", `Authorization: ${served.authorization}`]),
  );
  await line.until('{"data":{}}');
  line.socket.destroy();
});

test("a session that sends no HTTP, or half a message, ends only the client's connection", async () => {
  let answer = "";
  await using served = await serveBytes((socket) => {
    socket.once("data", () => socket.end(answer, "latin1"));
  });
  served.guard.engine.disable();
  const switched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nabc";
  const chunked =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"dat\r\n6\r\na":{}}\r\n0\r\nX-T: 1\r\n\r\n';
  const answers = fc.oneof(
    ...[ANSWER, switched, chunked, `HTTP/1.1 100 Continue\r\n\r\n${ANSWER}`].map(nearly),
    fc.uint8Array({ maxLength: 300 }).map((given) => Buffer.from(given).toString("latin1")),
  );
  const requests = fc.constantFrom(...messages(served.authorization).slice(0, -1));
  await fc.assert(
    fc.asyncProperty(requests, answers, async (request, given) => {
      answer = given;
      const line = dial(served.proxyPort);
      line.socket.write(request);
      // The connection may stay open after a complete answer, and after an answer that reports a lost
      // session.
      while (!line.socket.readableEnded && !line.socket.destroyed && !/\{"data":/.test(line.text)) {
        await new Promise(setImmediate);
      }
      line.socket.destroy();
    }),
    { numRuns: 400 },
  );
});
