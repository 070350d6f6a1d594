/**
 * Generates messages of HTTP/2 clients and sessions: valid frames, frames in the wrong order, and other
 * bytes.
 */

import { endSomehow, writeInPieces } from "./connection.mjs";
import { damaged } from "./random.mjs";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const TYPES = { data: 0, headers: 1, priority: 2, reset: 3, settings: 4, push: 5, ping: 6 };
const [GOAWAY, WINDOW_UPDATE, CONTINUATION] = [7, 8, 9];
const [END_STREAM, END_HEADERS] = [1, 4];

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Encodes headers with HPACK, as literals only. Each text must be shorter than 127 bytes. */
function block(fields) {
  const text = (given) =>
    Buffer.concat([Buffer.from([given.length]), Buffer.from(given, "latin1")]);
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0x10]), text(name), text(value)]),
  );
}

const uint = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Headers that some or all peers would reject. */
const ODD = [
  ["http2-settings", "AAMAAABk"],
  ["connection", "keep-alive"],
  ["te", "gzip"],
  ["transfer-encoding", "chunked"],
  ["content-length", "7"],
  ["host", "b"],
  [":protocol", "websocket"],
  ["X-Upper", "1"],
  ["cookie", "a=1"],
  ["x-a", "\x7f\xff"],
];

/** Returns the preface of a connection, with some frames after it. */
export function clientBytes(random, authorization) {
  const frames = [PREFACE, frame(TYPES.settings, 0, 0), frame(TYPES.settings, 1, 0)];
  const count = 1 + random.below(12);
  for (let index = 0, stream = 1; index < count; index += 1) {
    if (random.chance(0.5)) {
      frames.push(...request(random, authorization, stream));
      stream += 2;
    } else frames.push(anyFrame(random, random.pick([0, stream, 1, 2])));
  }
  const bytes = Buffer.concat(frames);
  return random.chance(0.25) ? damaged(random, bytes) : bytes;
}

function request(random, authorization, stream) {
  const shown = random.chance(0.85) ? authorization : "Basic YTo=";
  const fields = [
    [":method", random.pick(["GET", "POST", "HEAD", "CONNECT"])],
    [":scheme", "http"],
    [":authority", "a"],
    [":path", random.pick(["/", "/query", "/init"])],
    ["authorization", shown],
  ];
  if (random.chance(0.2)) fields.push(random.pick(ODD));
  const ends = random.chance(0.5);
  const frames = [
    frame(TYPES.headers, END_HEADERS | (ends ? END_STREAM : 0), stream, block(fields)),
  ];
  if (!ends) {
    frames.push(frame(TYPES.data, 0, stream, random.bytes(random.below(300))));
    if (random.chance(0.3)) {
      const trailers = block([random.chance(0.5) ? ["x-t", "1"] : random.pick(ODD)]);
      frames.push(frame(TYPES.headers, END_HEADERS | END_STREAM, stream, trailers));
    } else if (random.chance(0.7)) frames.push(frame(TYPES.data, END_STREAM, stream));
  }
  if (random.chance(0.2)) frames.push(frame(TYPES.reset, 0, stream, uint(random.below(14))));
  return frames;
}

function anyFrame(random, stream) {
  const kind = random.below(8);
  if (kind === 0) return frame(TYPES.ping, random.below(2), 0, Buffer.alloc(8));
  if (kind === 1) return frame(GOAWAY, 0, 0, Buffer.concat([uint(stream), uint(random.below(3))]));
  if (kind === 2) return frame(WINDOW_UPDATE, 0, stream, uint(random.below(1 << 20)));
  if (kind === 3) {
    const [name, value] = [1 + random.below(6), random.below(1 << 20)];
    return frame(TYPES.settings, 0, 0, Buffer.concat([Buffer.from([0, name]), uint(value)]));
  }
  if (kind === 4) return frame(TYPES.reset, 0, stream, uint(random.below(14)));
  if (kind === 5) return frame(TYPES.data, random.below(2), stream, random.bytes(random.below(50)));
  if (kind === 6) return frame(CONTINUATION, END_HEADERS, stream, block([["x-c", "1"]]));
  return frame(random.below(20), random.below(256), stream, random.bytes(random.below(40)));
}

/** Acts as the session on one connection. */
export function playSession(socket, random, isCalm) {
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  socket.write(frame(TYPES.settings, 0, 0));
  let rest = Buffer.alloc(0);
  let isBegun = false;
  socket.on("data", async (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    if (!isBegun && rest.length >= PREFACE.length) {
      rest = rest.subarray(PREFACE.length);
      isBegun = true;
    }
    const streams = [];
    while (isBegun && rest.length >= 9 && rest.length >= 9 + rest.readUIntBE(0, 3)) {
      const [type, flags] = [rest[3], rest[4]];
      if (type === TYPES.settings && (flags & 1) === 0) socket.write(frame(TYPES.settings, 1, 0));
      if (type === TYPES.headers) streams.push(rest.readUInt32BE(5));
      rest = rest.subarray(9 + rest.readUIntBE(0, 3));
    }
    for (const stream of streams) {
      const bytes = isCalm() ? calmAnswer(stream) : answerBytes(random, stream);
      await writeInPieces(socket, bytes, random);
      if (!isCalm() && random.chance(0.1)) endSomehow(socket, random);
    }
  });
}

function calmAnswer(stream) {
  return frame(TYPES.headers, END_HEADERS | END_STREAM, stream, block([[":status", "200"]]));
}

function answerBytes(random, stream) {
  const frames = [];
  const status = random.pick(["200", "200", "204", "101", "103", "999", "0", "x"]);
  const fields = [[":status", status]];
  if (random.chance(0.2)) fields.push(random.pick(ODD));
  const ends = random.chance(0.4);
  const head = frame(TYPES.headers, END_HEADERS | (ends ? END_STREAM : 0), stream, block(fields));
  if (random.chance(0.9)) frames.push(head);
  if (random.chance(0.5))
    frames.push(frame(TYPES.data, 0, stream, random.bytes(random.below(300))));
  if (random.chance(0.3)) frames.push(anyFrame(random, random.pick([0, stream, 1, 2])));
  if (random.chance(0.2)) frames.push(frame(TYPES.reset, 0, stream, uint(random.below(14))));
  else if (random.chance(0.6)) frames.push(frame(TYPES.data, END_STREAM, stream));
  const bytes = Buffer.concat(frames);
  return random.chance(0.2) ? damaged(random, bytes) : bytes;
}
