/** Generates requests for the receiver of traces and for the server of shared circuits. */

import { damaged } from "./random.mjs";

/** Returns requests for the receiver, with bodies of the right type, of other types, or empty. */
export function exportBytes(random, path) {
  const type = random.pick(["application/x-protobuf", "application/json", "text/plain"]);
  const encoding = random.pick(["identity", "gzip", "deflate", "zstd", "x-gzip"]);
  return requests(random, () => ({
    line: `${random.pick(["POST", "POST", "POST", "GET"])} ${random.chance(0.85) ? path : "/x"}`,
    head: [
      `Content-Type: ${type}`,
      ...(random.chance(0.3) ? [`Content-Encoding: ${encoding}`] : []),
    ],
    body: random.bytes(random.below(600)),
  }));
}

const COMMANDS = [
  "[]",
  "{}",
  "[1]",
  '[{"key":{"scope":"s","name":"n"},"command":{"type":"read"}}]',
  '[{"key":{"scope":"s","name":1},"command":null}]',
  `[${"[".repeat(5000)}`,
];
const PLACES = [
  "/1/circuits?scope=s",
  "/1/history?scope=s&name=n",
  "/1/events?scope=s",
  "/1/health",
  "/1/circuits?scope=%00",
  "//",
];

/** Returns requests for the server of shared circuits. */
export function fleetBytes(random, token) {
  return requests(random, () => {
    const shown = random.chance(0.85) ? `Bearer ${token}` : "Bearer wrong";
    const runs = random.chance(0.5);
    return {
      line: runs ? "POST /1/commands" : `GET ${random.pick(PLACES)}`,
      head: [`Authorization: ${shown}`],
      body: Buffer.from(runs ? random.pick(COMMANDS) : ""),
    };
  });
}

function requests(random, make) {
  const count = 1 + random.below(3);
  const parts = Array.from({ length: count }, () => requestOf(random, make()));
  const bytes = Buffer.concat(parts);
  return random.chance(0.35) ? damaged(random, bytes) : bytes;
}

function requestOf(random, { line, head, body }) {
  const length = random.chance(0.9) ? body.length : random.below(2 * body.length + 2);
  const long = random.chance(0.05) ? [`X-Long: ${"a".repeat(random.below(40_000))}`] : [];
  const lines = [`${line} HTTP/1.1`, "Host: a", ...head, ...long, `Content-Length: ${length}`];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}
