/** Writes to our stdout or stderr without blocking the event loop, and reports errors. */

import { closeSync, constants, fstatSync, openSync, type Stats, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";

/** Receives null when a chunk was written, and the error when the write failed. */
export type OnWritten = (error: NodeJS.ErrnoException | null) => void;

/** The destination of a command's output. */
export interface Sink {
  /**
   * Writes one chunk. Call this method again only when the chunk is written.
   *
   * @returns True if the chunk is already written. Otherwise `done` is called later.
   */
  write(chunk: Uint8Array, done: OnWritten): boolean;
  /** Drops data that is not yet written. */
  close(): void;
}

/**
 * The delay before a write is tried again after EAGAIN. The destination is full then, and another
 * process made it non-blocking.
 */
const FULL_RETRY_MS = 10;

/**
 * Returns the best sink for a descriptor: 1 for stdout or 2 for stderr. Never closes the
 * descriptor.
 */
export function openSink(descriptor: number): Sink {
  const stats = fstatSync(descriptor);
  if (stats.isFIFO()) {
    const pipe = openAgain(descriptor);
    if (pipe !== undefined) return pipe;
  }
  // A pipe or a socket that cannot be opened again is written through the stream of Node.js.
  if (stats.isFIFO() || stats.isSocket()) {
    return new StreamSink(descriptor === 1 ? process.stdout : process.stderr, () => undefined);
  }
  return isAtHand(stats) ? new InstantSink(descriptor) : new FileSink(descriptor);
}

/** Linux's device numbers of /dev/null, /dev/zero and /dev/full, whose writes never wait. */
const AT_HAND: ReadonlySet<number> = new Set([0x103, 0x105, 0x107]);

function isAtHand(stats: Stats): boolean {
  return process.platform === "linux" && stats.isCharacterDevice() && AT_HAND.has(stats.rdev);
}

/**
 * Opens a pipe again as non-blocking, because a blocking write could keep this process from ending.
 * Setting the flag on the inherited descriptor would affect every process that shares it.
 *
 * @returns Undefined if the system does not allow this.
 */
function openAgain(descriptor: number): Sink | undefined {
  if (process.platform !== "linux") return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
    return new PipeSink(fd);
  } catch {
    if (fd !== undefined) closeSync(fd);
    return undefined;
  }
}

function ignored(): void {}

/** A sink for a non-blocking pipe. Writes at once as much as fits, and the rest later. */
class PipeSink implements Sink {
  readonly #fd: number;
  readonly #socket: Socket;

  constructor(fd: number) {
    this.#fd = fd;
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on("error", ignored);
  }

  write(chunk: Uint8Array, done: OnWritten): boolean {
    const written = writtenAtOnce(this.#fd, chunk, done);
    if (written === undefined || written === chunk.length) return written !== undefined;
    this.#socket.write(chunk.subarray(written), (error) => done(error ?? null));
    return false;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Writes at once as much as fits. Avoids a stream of Node.js, whose overhead is as large as the
 * write.
 *
 * @returns The number of bytes. Undefined after an error; `done` then receives the error.
 */
function writtenAtOnce(fd: number, chunk: Uint8Array, done: OnWritten): number | undefined {
  try {
    return writeSync(fd, chunk, 0, chunk.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
    queueMicrotask(() => done(error as NodeJS.ErrnoException));
    return undefined;
  }
}

/** A sink for a device whose writes never wait. */
class InstantSink implements Sink {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(chunk: Uint8Array, done: OnWritten): boolean {
    return writtenAtOnce(this.#descriptor, chunk, done) !== undefined;
  }

  close(): void {}
}

/** A sink for a pipe or a socket that this process cannot open again. */
class StreamSink implements Sink {
  readonly #stream: Writable;
  readonly close: () => void;
  #begun = 0;
  #ended = 0;
  #done: OnWritten | undefined;

  constructor(stream: Writable, close: () => void) {
    this.#stream = stream;
    this.close = close;
    // The callbacks of writes handle errors. All sinks share one listener, because Node.js warns of
    // a leak after ten listeners.
    if (!stream.listeners("error").includes(ignored)) stream.on("error", ignored);
  }

  write(chunk: Uint8Array, done: OnWritten): boolean {
    this.#begun += 1;
    this.#stream.write(chunk, (error) => this.#written(error));
    // Most writes are finished here, although Node.js calls their callbacks later.
    if (this.#stream.writableLength === 0 && this.#stream.errored === null) return true;
    this.#done = done;
    return false;
  }

  #written(error: Error | null | undefined): void {
    this.#ended += 1;
    if (this.#ended < this.#begun && !error) return;
    const done = this.#done;
    this.#done = undefined;
    done?.(error ?? null);
  }
}

/** A sink for a file or a device. */
class FileSink implements Sink {
  readonly #descriptor: number;
  #isClosed = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  write(chunk: Uint8Array, done: OnWritten): boolean {
    write(this.#descriptor, chunk, (error, written) => {
      if (this.#isClosed) return;
      if (error?.code === "EAGAIN") {
        setTimeout(() => void this.write(chunk, done), FULL_RETRY_MS);
      } else if (error !== null) done(error);
      else if (written < chunk.length) this.write(chunk.subarray(written), done);
      else done(null);
    });
    return false;
  }

  close(): void {
    this.#isClosed = true;
  }
}
