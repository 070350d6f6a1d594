// Writes and reads HTTP/2 as bytes, including frames that no library would send.

import { connect, type Socket } from "node:net";

export const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7 } as const;
export const FLAG = { none: 0, endStream: 1, ack: 1, endHeaders: 4 } as const;
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Encodes headers with HPACK. Each header is an uncompressed literal that is never indexed. */
export function headBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0x10]), hpackText(name), hpackText(value)]),
  );
}

function hpackText(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

export const errorCode = (code: number) => Buffer.from([0, 0, 0, code]);

/** Returns the headers of a request that a session accepts. */
export function requestFields(
  authorization: string,
  more: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  return [
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", "here"],
    [":path", "/"],
    ["authorization", authorization],
    ...more,
  ];
}

/** A client that sends the frames it is given, and keeps the frames that it receives. */
export class FrameClient {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  readonly #reader = new FrameReader();
  #isOver = false;
  readonly #waiting: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("error", () => undefined);
    this.socket.on("data", (chunk: Buffer) => this.#take(chunk));
    this.socket.once("close", () => {
      this.#isOver = true;
      this.#notify();
    });
    this.send(PREFACE, frame(FRAME.settings, FLAG.none, 0), frame(FRAME.settings, FLAG.ack, 0));
  }

  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  request(stream: number, fields: readonly (readonly [string, string])[]): void {
    const flags = FLAG.endHeaders | FLAG.endStream;
    this.send(frame(FRAME.headers, flags, stream, headBlock(fields)));
  }

  /** Resolves to the first frame of a type on a stream. Undefined when the connection ends before that. */
  async next(type: number, stream: number): Promise<Frame | undefined> {
    for (;;) {
      const found = this.frames.find((one) => one.type === type && one.stream === stream);
      if (found !== undefined || this.#isOver) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #notify(): void {
    for (const tell of this.#waiting.splice(0)) tell();
  }

  #take(chunk: Buffer): void {
    this.frames.push(...this.#reader.read(chunk));
    this.#notify();
  }
}

/** Reads frames from chunks of bytes. A chunk can end in the middle of a frame. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  read(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) break;
      const [type = 0, flags = 0] = this.#rest.subarray(3, 5);
      const stream = this.#rest.readUInt32BE(5) & 0x7fffffff;
      const payload = Buffer.from(this.#rest.subarray(9, 9 + length));
      frames.push({ type, flags, stream, payload });
      this.#rest = this.#rest.subarray(9 + length);
    }
    return frames;
  }
}
