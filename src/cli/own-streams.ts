/** The streams of this process, as the commands use them: what cannot be written is noted, and flushed at the end. */

import { fstatSync, writeSync } from "node:fs";
import { Writable } from "node:stream";
import type { OutputStream, Terminal } from "./terminal.js";

/**
 * The terminal of this process. A stream is touched only when it is first used: Node makes a pipe
 * non-blocking then, for every process that shares it.
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

  /** Whether something could not be written, for another reason than that its reader went away. */
  get isLost(): boolean {
    return this.#isLost;
  }

  limitFlush(forMs: number): void {
    this.#flushMs = forMs;
  }

  /** Resolves once all is written, cannot be, or the time for it is over. */
  async flush(): Promise<void> {
    const { promise: isLate, cancel } = after(this.#flushMs);
    for (const stream of this.#used) await Promise.race([flushed(stream), isLate]);
    // Errors are told a turn later, and what is said of them has to be written as well.
    await new Promise((resolve) => setImmediate(resolve));
    for (const stream of this.#used) await Promise.race([flushed(stream), isLate]);
    cancel();
  }

  #watched(stream: OutputStream): OutputStream {
    this.#used.add(stream);
    stream.on("error", ({ code }: NodeJS.ErrnoException) => {
      // A reader that went away, as in `dagger-breaker ... | head -1`, is no error.
      if (code === "EPIPE" || this.#isLost) return;
      this.#isLost = true;
      this.stderr.write(`error: the result cannot be written (${code})\n`);
    });
    return stream;
  }
}

/**
 * Writes to a file all that it is given, or fails. A disk that becomes full takes a part first, and Node's own
 * stream believes that to be all.
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
    return false; // It is closed.
  }
}

/** Resolves once a stream has written what it was given, or has failed. */
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
