// Makes the same exchange directly and through the proxy. Both sides must see the same.

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Message, readMessage } from "./messages.js";
import { dial, type Line, listenTo, serveBytes, TOKEN } from "./wire.js";

/** How a receiver finds the end of a body. */
type Framing = "none" | "length" | "chunks" | "end";

interface Sent {
  readonly headers: readonly (readonly [string, string])[];
  readonly framing: Framing;
  readonly body: string;
  readonly chunkSize: number;
  readonly trailers: readonly (readonly [string, string])[];
}

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly version: "1.0" | "1.1";
  readonly request: Sent;
  readonly status: number;
  readonly reason: string;
  readonly answer: Sent;
  /** The size of the pieces in which the answer is sent. */
  readonly pieceSize: number;
  /** The share of the answer after which the connection is reset, from 0 to 1; undefined for no reset. */
  readonly cutAt: number | undefined;
}

const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~!"];
const token = fc.string({ unit: fc.constantFrom(...LETTERS), minLength: 1, maxLength: 12 });
const printable = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0xa0, max: 0xff })), {
    maxLength: 40,
  })
  .map((codes) => String.fromCharCode(...codes).trim());
const header = fc.tuple(
  token.map((name) => `X-${name}`),
  printable,
);
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 150_000 }).map((size) => new Uint8Array(size).fill(size)),
  },
);

const sent = (...framings: Framing[]): fc.Arbitrary<Sent> =>
  fc.record({
    headers: fc.array(header, { maxLength: 15 }),
    framing: fc.constantFrom(...framings),
    body: bytes.map((body) => Buffer.from(body).toString("latin1")),
    chunkSize: fc.integer({ min: 1, max: 100_000 }),
    trailers: fc.array(header, { maxLength: 3 }),
  });

const exchange: fc.Arbitrary<Exchange> = fc.record({
  method: fc.constantFrom("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"),
  path: fc.oneof(
    fc.constant("/query"),
    fc
      .string({
        unit: fc.constantFrom(...LETTERS, "/", "%20", "?", "&", "="),
        maxLength: 30,
      })
      .map((path) => `/${path}`),
  ),
  version: fc.constantFrom("1.1" as const, "1.1" as const, "1.1" as const, "1.0" as const),
  request: sent("none", "length", "chunks"),
  status: fc.constantFrom(200, 200, 201, 204, 299, 304, 404, 422, 500),
  reason: printable,
  answer: sent("length", "chunks", "end"),
  pieceSize: fc.integer({ min: 1, max: 70_000 }),
  cutAt: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined, freq: 4 }),
});

function write(firstLine: string, { headers, framing, body, chunkSize, trailers }: Sent): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `${firstLine}\r\n${lines}`;
  if (framing === "none") return `${head}\r\n`;
  if (framing === "end") return `${head}\r\n${body}`;
  if (framing === "length") return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
  let chunks = "";
  for (let at = 0; at < body.length; at += chunkSize) {
    const chunk = body.slice(at, at + chunkSize);
    chunks += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  }
  const last = trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n${last}\r\n`;
}

/**
 * Removes combinations that cannot exist: chunks in HTTP/1.0, and bodies where there can be none. Also
 * removes resets during a query, which the guard answers itself.
 */
function possible(given: Exchange): Exchange {
  const isQuery = given.method === "POST" && given.path.split("?")[0] === "/query";
  const bodiless = given.method === "HEAD" || given.status === 204 || given.status === 304;
  const { request, answer } = given;
  return {
    ...given,
    ...(isQuery && { cutAt: undefined }),
    request:
      given.version === "1.0" && request.framing === "chunks"
        ? { ...request, framing: "length" }
        : request,
    answer: bodiless
      ? { ...answer, framing: answer.framing === "chunks" ? "end" : answer.framing, body: "" }
      : answer,
  };
}

/** How each side saw an exchange. */
interface Seen {
  readonly atSession: Message;
  readonly atClient: Message;
}

/** Sends one request to a port as a client, and reads the answer. */
async function talk(
  port: number,
  authorization: string,
  given: Exchange,
  session: Promise<Line>,
): Promise<Seen> {
  const line = dial(port);
  const { headers } = given.request;
  const request = {
    ...given.request,
    headers: [["Host", "a"], ["Authorization", authorization], ...headers] as const,
  };
  line.socket.write(
    write(`${given.method} ${given.path} HTTP/${given.version}`, request),
    "latin1",
  );
  const refused = line.ended().then((text) => {
    throw new Error(`nothing came to the session: ${text}`);
  });
  const other = await Promise.race([session, refused]);
  refused.catch(() => undefined);
  let atSession = readMessage(other.text, { isAnswer: false });
  while (!atSession.isComplete) {
    await new Promise<void>((resolve) => other.socket.once("data", () => resolve()));
    atSession = readMessage(other.text, { isAnswer: false });
  }
  await answer(other, given);
  await line.ended();
  const reading = { isAnswer: true, toHead: given.method === "HEAD", hasEnded: !line.wasReset };
  line.socket.destroy();
  return { atSession, atClient: readMessage(line.text, reading) };
}

/** Sends the answer piece by piece. Then ends the connection, or resets it in the middle. */
async function answer({ socket }: Line, { status, reason, answer, pieceSize, cutAt }: Exchange) {
  const all = Buffer.from(write(`HTTP/1.1 ${status} ${reason}`, answer), "latin1");
  const part = all.subarray(0, cutAt === undefined ? all.length : Math.floor(all.length * cutAt));
  for (let at = 0; at < part.length; at += Math.max(pieceSize, part.length / 50)) {
    socket.write(part.subarray(at, at + Math.max(pieceSize, part.length / 50)));
    await new Promise(setImmediate);
  }
  if (cutAt === undefined) socket.end();
  else socket.write("", () => socket.resetAndDestroy());
}

/**
 * Removes differences that are allowed: headers that a proxy may add or must change, and the part of an
 * answer before a reset. The system decides how large that part is. When only the end of the connection
 * ends an answer, a reset may look like a normal end.
 */
function comparable({ atSession, atClient }: Seen, given: Exchange) {
  const { version, cutAt, answer } = given;
  const kept = (line: string) => !/^(authorization|connection|content-length: 0$)/i.test(line);
  const spoken = (line: string) => version === "1.1" || !/^transfer-encoding/i.test(line);
  const endTells = answer.framing === "end" || (answer.framing === "chunks" && version === "1.0");
  const whole = {
    ...atClient,
    headers: atClient.headers.filter(spoken),
    trailers: version === "1.1" ? atClient.trailers : [],
  };
  return {
    firstLine: atSession.firstLine.replace("HTTP/1.0", "HTTP/1.1"),
    headers: atSession.headers.filter(kept),
    body: atSession.body,
    trailers: atSession.trailers,
    answer: cutAt === undefined ? whole : { isComplete: !endTells && atClient.isComplete },
  };
}

test("both sides see through the proxy what they see without it", async () => {
  const waiting: ((line: Line) => void)[] = [];
  await using served = await serveBytes((socket) => waiting.shift()?.(listenTo(socket)));
  served.guard.engine.disable();
  const nextSession = () => new Promise<Line>((resolve) => waiting.push(resolve));
  const target = `Basic ${Buffer.from(`${TOKEN}:`).toString("base64")}`;
  await fc.assert(
    fc.asyncProperty(exchange.map(possible), async (given) => {
      const straight = await talk(served.port, target, given, nextSession());
      const through = await talk(served.proxyPort, served.authorization, given, nextSession());
      expect(comparable(through, given)).toEqual(comparable(straight, given));
      expect(through.atSession.headers).toContain(`Authorization: ${target}`);
      expect(straight.atClient.body.startsWith(through.atClient.body)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
