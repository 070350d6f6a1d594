/**
 * Passes one output stream of a command on to our stdout or stderr. Keeps the beginning and the end
 * of the output.
 */

import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { Ends } from "../../files/ends.js";
import { openSink, type Sink } from "./sink.js";

/**
 * The number of chunks that may wait to be written. When so many wait, reading stops, so the
 * command has to wait. {@link Ends.take} keeps this many chunks valid.
 */
const MAX_WAITING = 4;

const NOTHING = new Uint8Array();
const STDERR = 2;
const NEWLINE = 10;
const LINE_END = Buffer.of(NEWLINE);

/** One output stream of a command, and the stream of ours that receives its output. */
export class PassedStream {
  /** The number of our stream: 1 for stdout, 2 for stderr. */
  readonly descriptor: number;
  readonly words = new Ends();
  /** Resolves once all output is written or dropped. */
  readonly done: Promise<void>;
  readonly #hear: (chunk: Uint8Array) => void;
  readonly #sink: Sink;
  readonly #waiting: Uint8Array[] = [];
  /** Number of chunks in the current write; 0 without a write. */
  #writing = 0;
  #source: Readable | undefined;
  #isPaused = false;
  #isEnded = false;
  #error: NodeJS.ErrnoException | null = null;
  #lastByte: number | undefined;
  #resolve: () => void = () => undefined;

  /** @param hear Receives each chunk. The chunk's memory is reused afterwards. */
  constructor(descriptor: number, hear: (chunk: Uint8Array) => void) {
    this.descriptor = descriptor;
    this.#hear = hear;
    this.#sink = openSink(descriptor);
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Reads from a pipe, and closes it at the end. */
  readPipe(fd: number): void {
    const options = {
      fd,
      readable: true,
      writable: false,
      onread: {
        // Reads directly into the kept buffer, to avoid a copy.
        buffer: () => this.words.room(),
        callback: (length: number) => this.#take(this.words.take(length)),
      },
    };
    this.#read(new Socket(options));
  }

  /** Reads from a stream of Node.js. */
  readStream(source: Readable): void {
    source.on("data", (chunk: Buffer) => {
      this.words.add(chunk);
      if (!this.#take(chunk)) source.pause();
    });
    this.#read(source);
  }

  /** Whether the output is delayed because its reader is slow. */
  get isHeldUp(): boolean {
    return this.#writing > 0;
  }

  /**
   * The error of a failed write. Null without an error, and null if the reader closed the stream.
   */
  get error(): NodeJS.ErrnoException | null {
    return this.#error?.code === "EPIPE" ? null : this.#error;
  }

  /**
   * Stops reading. Processes that still write get an error. Data that was already read is still
   * passed on.
   */
  stopReading(): void {
    if (this.#source === undefined) this.#ended();
    else this.#source.destroy();
  }

  /** Drops data that is not yet written to our stream. */
  abandon(): void {
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#writing = 0;
    this.#source?.destroy();
    this.#finish();
  }

  #read(source: Readable): void {
    this.#source = source;
    // Ignores the error, because "close" follows and ends the stream.
    source.on("error", () => undefined);
    source.once("close", () => this.#ended());
    source.resume();
  }

  /** Keeps a chunk and queues it for writing. Returns whether more may be read now. */
  #take(part: Uint8Array): boolean {
    this.#lastByte = part.at(-1);
    this.#hear(part);
    this.#waiting.push(part);
    this.#write();
    this.#isPaused = this.#waiting.length >= MAX_WAITING;
    return !this.#isPaused;
  }

  #write(): void {
    while (this.#writing === 0 && this.#waiting.length > 0) {
      const { bytes, count } = joined(this.#waiting);
      if (this.#sink.write(bytes, this.#onWritten)) this.#waiting.splice(0, count);
      else this.#writing = count;
    }
    if (this.#isEnded && this.#waiting.length === 0) this.#finish();
  }

  readonly #onWritten = (error: NodeJS.ErrnoException | null): void => {
    if (this.#writing === 0) return;
    if (error !== null) {
      this.#error ??= error;
      this.abandon();
      return;
    }
    this.#waiting.splice(0, this.#writing);
    this.#writing = 0;
    // The reader takes output again. Reports progress, because the reader was slow, not the
    // command.
    this.#hear(NOTHING);
    this.#write();
    if (!this.#isPaused || this.#waiting.length >= MAX_WAITING) return;
    this.#isPaused = false;
    this.#source?.resume();
  };

  #ended(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    // Our own messages follow on standard error and must begin on a new line.
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

/**
 * Returns the bytes for one write: the first chunk, and all chunks that follow it directly in
 * memory.
 */
function joined(parts: readonly Uint8Array[]): {
  readonly bytes: Uint8Array;
  readonly count: number;
} {
  const [first = NOTHING, ...others] = parts;
  let { length } = first;
  let count = 1;
  for (const { buffer, byteOffset, length: more } of others) {
    if (buffer !== first.buffer || byteOffset !== first.byteOffset + length) break;
    length += more;
    count += 1;
  }
  const bytes = count === 1 ? first : new Uint8Array(first.buffer, first.byteOffset, length);
  return { bytes, count };
}
