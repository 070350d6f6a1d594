/** Writes to one of our own standard streams: never blocks the event loop, reports what failed. */

import { closeSync, constants, fstatSync, openSync, type Stats, write, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";

/** Called when a chunk is written, or cannot be. */
export type OnWritten = (error: NodeJS.ErrnoException | null) => void;

/** Where the output of a command goes. */
export interface Sink {
  /**
   * Writes one chunk, the next one only when that is done.
   *
   * @returns Whether it is written already; else `done` is called later.
   */
  write(chunk: Uint8Array, done: OnWritten): boolean;
  /** Drops what is not yet written. */
  close(): void;
}

/** How soon a descriptor is tried again that somebody else has made non-blocking, and that is full. */
const FULL_RETRY_MS = 10;

/** Opens the way to one of our own streams. The descriptor itself stays open. */
export function openSink(descriptor: number): Sink {
  const stats = fstatSync(descriptor);
  if (stats.isFIFO()) {
    const pipe = openAgain(descriptor);
    if (pipe !== undefined) return pipe;
  }
  // A socket cannot be opened again: Node's own stream is used, as any program on Node uses it.
  if (stats.isFIFO() || stats.isSocket()) {
    return new StreamSink(descriptor === 1 ? process.stdout : process.stderr, () => undefined);
  }
  return isAtHand(stats) ? new InstantSink(descriptor) : new FileSink(descriptor);
}

/** What Linux numbers /dev/null, /dev/zero and /dev/full by: they take all at once, or nothing. */
const AT_HAND: ReadonlySet<number> = new Set([0x103, 0x105, 0x107]);

function isAtHand(stats: Stats): boolean {
  return process.platform === "linux" && stats.isCharacterDevice() && AT_HAND.has(stats.rdev);
}

/**
 * Opens a pipe once more, non-blocking. On the descriptor that we were given that flag would hold for
 * every process that shares it; and a write that blocks would keep us from ending.
 *
 * @returns Undefined where the system does not let us.
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

/** Writes to a non-blocking pipe of its own: at once what it takes, and the rest when it takes more. */
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
 * Writes as much as is taken at once, without the machinery of a stream, which would cost as much as the write.
 *
 * @returns How much that was; undefined when it failed, which `done` is told.
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

/** Writes to what never makes a writer wait. */
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

/** Writes to a pipe or a socket that was opened by others. */
class StreamSink implements Sink {
  readonly #stream: Writable;
  readonly close: () => void;
  #begun = 0;
  #ended = 0;
  #done: OnWritten | undefined;

  constructor(stream: Writable, close: () => void) {
    this.#stream = stream;
    this.close = close;
    // The callback of a write gets the same error. Our own streams are written to by each attempt of a run:
    // a listener for each would bring a warning of Node's with the eleventh.
    if (!stream.listeners("error").includes(ignored)) stream.on("error", ignored);
  }

  write(chunk: Uint8Array, done: OnWritten): boolean {
    this.#begun += 1;
    this.#stream.write(chunk, (error) => this.#written(error));
    // Most writes are over by now, although their callbacks come later.
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

/** Writes to a file or a device. */
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
