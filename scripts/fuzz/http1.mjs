/** Generates messages of HTTP/1.1 clients and sessions: valid, invalid, and in the wrong order. */

import { endSomehow, writeInPieces } from "./connection.mjs";
import { damaged } from "./random.mjs";

const QUERIES = [
  "{ version }",
  '{ container { from(address: "alpine:3") { id } } }',
  '{ git(url: "https://git.example/x") { head { commit } } }',
  "",
  "{",
];

/** Returns up to four requests, one after the other. */
export function requestBytes(random, authorization) {
  const count = 1 + random.below(4);
  const parts = Array.from({ length: count }, () => oneRequest(random, authorization));
  const bytes = Buffer.from(parts.join(""), "latin1");
  return random.chance(0.35) ? damaged(random, bytes) : bytes;
}

function oneRequest(random, authorization) {
  const right = `Authorization: ${authorization}`;
  const shown = random.chance(0.85) ? right : random.pick(["Authorization: Basic YTo=", "X-A: b"]);
  const head = ["Host: a", shown];
  if (random.chance(0.1)) head.push(random.pick(["Connection: close", "Expect: 100-continue"]));
  if (random.chance(0.05)) head.push(`X-Long: ${"a".repeat(random.below(40_000))}`);
  if (random.chance(0.2)) head.push("Upgrade: websocket", "Connection: Upgrade");
  const version = random.chance(0.1) ? "1.0" : "1.1";
  const path = random.pick(["/query", "/query", "/query?x=1", "/", "/init", "*", "/a b"]);
  const method = random.pick(["POST", "POST", "GET", "HEAD", "PUT", "CONNECT", "OPTIONS", "NOPE"]);
  const body = random.pick([
    JSON.stringify({ query: random.pick(QUERIES) }),
    random.pick(["null", "[1]", '{"query":1}', ""]),
    "b".repeat(random.below(100_000)),
  ]);
  const framing = random.below(4);
  const lines = [`${method} ${path} HTTP/${version}`, ...head];
  if (framing === 0) return `${lines.join("\r\n")}\r\n\r\n`;
  if (framing === 1) {
    const chunks = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
    return `${[...lines, "Transfer-Encoding: chunked"].join("\r\n")}\r\n\r\n${chunks}0\r\nX-T: 1\r\n\r\n`;
  }
  const length = random.chance(0.9) ? body.length : random.below(2 * body.length + 2);
  return `${[...lines, `Content-Length: ${length}`].join("\r\n")}\r\n\r\n${body}`;
}

const VERSION = '{"data":{"version":"v0.21.8"}}';
const CALM = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${VERSION.length}\r\n\r\n${VERSION}`;
const ANSWERS = [
  CALM,
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\n{"dat\r\n6\r\na":{}}\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n{"data":{}}',
  "HTTP/1.1 100 Continue\r\n\r\n",
  `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${CALM}`,
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nbytes",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
  "HTTP/1.1 0 \r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 999 Beyond\r\nContent-Length: 0\r\n\r\n",
  "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad",
  `HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${"a".repeat(300_000)}`,
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
  "nonsense\r\n\r\n",
];

/**
 * Acts as the session on one connection. It always answers the question for its version. Without that
 * answer, the session would count as lost, and the proxy would reject every later request.
 */
export function playSession(socket, random, isCalm) {
  socket.on("error", () => undefined);
  let isBegun = false;
  socket.on("end", () => socket.end());
  socket.on("data", async (chunk) => {
    if (isCalm() || chunk.includes('"{ version }"')) {
      socket.write(CALM);
      return;
    }
    if (!isBegun && random.chance(0.02)) endSomehow(socket, random);
    isBegun = true;
    if (random.chance(0.1)) return;
    const answer = Buffer.from(random.pick(ANSWERS), "latin1");
    await writeInPieces(socket, random.chance(0.3) ? damaged(random, answer) : answer, random);
    if (random.chance(0.2)) endSomehow(socket, random);
    if (random.chance(0.05)) socket.pause();
  });
}
