/** Passes one output of a command on to one of our own streams, and keeps both ends of it. */

import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { Ends } from "../../files/ends.js";
import { openSink, type Sink } from "./sink.js";

/** As much as a pipe holds, so that one read empties it. */
const BUFFER_BYTES = 64 * 1024;
/** How many chunks may wait for our own reader before the command has to. */
const MAX_WAITING = 4;

const NOTHING = new Uint8Array();

interface Chunk {
  readonly bytes: Uint8Array;
  /** What it was read into, to be used again. */
  readonly buffer: Uint8Array | undefined;
}

const STDERR = 2;
const NEWLINE = 10;
const LINE_END: Chunk = { bytes: Buffer.of(NEWLINE), buffer: undefined };

/** One stream that passes. */
export class PassedStream {
  /** Which of our streams it goes to. */
  readonly descriptor: number;
  readonly words = new Ends();
  /** Resolves once nothing more comes and all of it is written, or nothing more can be. */
  readonly done: Promise<void>;
  readonly #hear: (chunk: Uint8Array) => void;
  readonly #sink: Sink;
  readonly #waiting: Chunk[] = [];
  readonly #free: Uint8Array[] = [];
  /** What the next read goes into. */
  #next: Uint8Array | undefined;
  #source: Readable | undefined;
  #isWriting = false;
  #isPaused = false;
  #isEnded = false;
  #error: NodeJS.ErrnoException | null = null;
  #lastByte: number | undefined;
  #resolve: () => void = () => undefined;

  /** @param hear Called with each chunk, whose memory is used again afterwards. */
  constructor(descriptor: number, hear: (chunk: Uint8Array) => void) {
    this.descriptor = descriptor;
    this.#hear = hear;
    this.#sink = openSink(descriptor);
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Reads from the end of a pipe, which is closed at the end. */
  readPipe(fd: number): void {
    const options = {
      fd,
      readable: true,
      writable: false,
      onread: {
        buffer: () => this.#bufferToRead(),
        callback: (length: number, buffer: Uint8Array) => {
          this.#next = undefined;
          return this.#take({ buffer, bytes: buffer.subarray(0, length) });
        },
      },
    };
    this.#read(new Socket(options));
  }

  /** Reads from a stream of Node. */
  readStream(source: Readable): void {
    source.on("data", (bytes: Buffer) => {
      if (!this.#take({ bytes, buffer: undefined })) source.pause();
    });
    this.#read(source);
  }

  /** Whether our own reader is what holds it up. */
  get isHeldUp(): boolean {
    return this.#isWriting;
  }

  /** Why it could not be written; null when it could, or when nobody reads us any more. */
  get error(): NodeJS.ErrnoException | null {
    return this.#error?.code === "EPIPE" ? null : this.#error;
  }

  /** Reads no more: what still writes finds out. What was read is still passed on. */
  stopReading(): void {
    if (this.#source === undefined) this.#ended();
    else this.#source.destroy();
  }

  /** Drops what our reader has not yet taken. */
  abandon(): void {
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#isWriting = false;
    this.#source?.destroy();
    this.#finish();
  }

  #read(source: Readable): void {
    this.#source = source;
    // A pipe that cannot be read is at its end.
    source.on("error", () => undefined);
    source.once("close", () => this.#ended());
    source.resume();
  }

  /** Returns whether there is room for more. */
  #take(chunk: Chunk): boolean {
    this.words.add(chunk.bytes);
    this.#lastByte = chunk.bytes.at(-1);
    this.#hear(chunk.bytes);
    this.#waiting.push(chunk);
    this.#write();
    this.#isPaused = this.#waiting.length >= MAX_WAITING;
    return !this.#isPaused;
  }

  /** Without a free one it is the one that becomes free first, before anything is read again. */
  #bufferToRead(): Uint8Array {
    this.#next = this.#free.pop();
    if (this.#next === undefined && this.#waiting.length >= MAX_WAITING) {
      this.#next = this.#waiting[0]?.buffer;
    }
    this.#next ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    return this.#next;
  }

  #write(): void {
    while (!this.#isWriting && this.#waiting.length > 0) {
      const [first] = this.#waiting as [Chunk];
      if (this.#sink.write(first.bytes, this.#onWritten)) this.#shift();
      else this.#isWriting = true;
    }
    if (this.#isEnded && this.#waiting.length === 0) this.#finish();
  }

  readonly #onWritten = (error: NodeJS.ErrnoException | null): void => {
    if (!this.#isWriting) return;
    this.#isWriting = false;
    if (error !== null) {
      this.#error ??= error;
      this.abandon();
      return;
    }
    this.#shift();
    // Our reader goes on: what comes next was held up until now, and its silence was not the command's.
    this.#hear(NOTHING);
    this.#write();
    if (!this.#isPaused || this.#waiting.length >= MAX_WAITING) return;
    this.#isPaused = false;
    this.#source?.resume();
  };

  #shift(): void {
    const buffer = this.#waiting.shift()?.buffer;
    if (buffer !== undefined && buffer !== this.#next) this.#free.push(buffer);
  }

  #ended(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // What we have to say comes behind it on standard error, on a line of its own.
    if (this.descriptor === STDERR && this.#endsMidLine) this.#waiting.push(LINE_END);
    this.#write();
  }

  get #endsMidLine(): boolean {
    return this.#error === null && !(this.#lastByte === undefined || this.#lastByte === NEWLINE);
  }

  #finish(): void {
    this.#sink.close();
    this.#resolve();
  }
}
