/**
 * The standard streams of this process. Records failed writes, and waits at the end until all
 * output is written.
 */

import { fstatSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import type { OutputStream, Terminal } from "./terminal.js";

/**
 * The terminal of this process. A stream is opened only when it is used, because opening a pipe
 * makes it non-blocking for every process that shares it.
 */
export class OwnStreams implements Terminal {
  readonly env = process.env;
  readonly #used = new Set<Writable>();
  #stdout: OutputStream | undefined;
  #stderr: OutputStream | undefined;
  #isLost = false;
  #flushMs: number | undefined;

  get stdin(): Terminal["stdin"] {
    return process.stdin;
  }

  get stdout(): OutputStream {
    this.#stdout ??= this.#watched(isFile(1) ? new FileOutput(1) : process.stdout);
    return this.#stdout;
  }

  get stderr(): OutputStream {
    this.#stderr ??= this.#watched(isFile(2) ? new FileOutput(2) : process.stderr);
    return this.#stderr;
  }

  /** Whether output could not be written. If the reader closed the stream, that does not count. */
  get isLost(): boolean {
    return this.#isLost;
  }

  limitFlush(forMs: number): void {
    this.#flushMs = forMs;
  }

  /** Resolves once all output is written, once writing has failed, or after the time limit. */
  async flush(): Promise<void> {
    const { promise: isLate, cancel } = after(this.#flushMs);
    for (const stream of this.#used) await Promise.race([flushed(stream), isLate]);
    // A write error arrives one turn of the event loop later, and its message must be written too.
    await new Promise((resolve) => setImmediate(resolve));
    for (const stream of this.#used) await Promise.race([flushed(stream), isLate]);
    cancel();
  }

  #watched(stream: OutputStream): OutputStream {
    this.#used.add(stream);
    stream.on("error", ({ code }: NodeJS.ErrnoException) => {
      // If the reader closes the stream, as in `dagger-breaker ... | head -1`, that is not an
      // error.
      if (code === "EPIPE" || this.#isLost) return;
      this.#isLost = true;
      this.stderr.write(`error: the result cannot be written (${code})\n`);
    });
    return stream;
  }
}

/**
 * A stream that writes to a file either completely or with an error. On a full disk, the system
 * writes only a part of the data. Node's own stream takes that for success.
 */
class FileOutput extends Writable {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    super();
    this.#descriptor = descriptor;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#descriptor, chunk, at);
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false; // The descriptor is closed.
  }
}

/** Resolves once a stream has written its data, or has failed. */
function flushed(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}

function after(ms: number | undefined): { promise: Promise<void>; cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    if (ms !== undefined) timer = setTimeout(resolve, ms);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}
