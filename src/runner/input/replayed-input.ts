/**
 * Gives each attempt the same standard input. The data that was read is kept for the next attempt.
 */

import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** The maximum number of bytes that are kept in memory. */
export const KEPT_BYTES = 1024 * 1024;

/** The reader of standard input. It keeps the data that it reads. */
export class ReplayedInput {
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #isWhole = true;
  #isEnded = false;
  #source: Readable | undefined;
  #sink: Writable | undefined;

  /** @param ended All data of the input, if it was already read to its end. */
  constructor(ended?: Buffer) {
    if (ended === undefined) return;
    this.#keep(ended);
    this.#isEnded = true;
  }

  /** Whether all data read so far is kept, so that a retry can get it. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Writes the input to a command: the kept data, then new data. */
  feed(sink: Writable): void {
    this.#sink = sink;
    // The command may end, or close its input, without reading all of it.
    sink.on("error", () => this.stop());
    for (const chunk of this.#kept) sink.write(chunk);
    if (this.#isEnded) {
      sink.end();
      return;
    }
    sink.on("drain", () => {
      if (this.#sink === sink) this.#source?.resume();
    });
    this.#source ??= this.#open();
    if (sink.writableNeedDrain) this.#source.pause();
    else this.#source.resume();
  }

  /** Stops feeding a command that has ended, or that reads no more. */
  stop(): void {
    this.#source?.pause();
    this.#sink?.destroy();
    this.#sink = undefined;
  }

  /** Stops feeding and reading. */
  close(): void {
    this.stop();
    if (this.#source !== process.stdin) this.#source?.destroy();
  }

  #open(): Readable {
    const source = openInput();
    source.on("data", (chunk: Buffer) => {
      this.#keep(chunk);
      if (this.#sink?.write(chunk) !== true) source.pause();
    });
    const end = (): void => {
      this.#isEnded = true;
      this.#sink?.end();
    };
    source.once("end", end);
    source.once("error", end);
    return source;
  }

  #keep(chunk: Buffer): void {
    this.#keptBytes += chunk.length;
    if (this.#keptBytes <= KEPT_BYTES) {
      this.#kept.push(chunk);
      return;
    }
    this.#isWhole = false;
    this.#kept.length = 0;
  }
}

/**
 * Opens standard input again. Reading would make the inherited descriptor non-blocking for all
 * processes that share it.
 */
function openInput(): Readable {
  try {
    const { O_RDONLY, O_NONBLOCK } = constants;
    const fd = openSync("/proc/self/fd/0", O_RDONLY | O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  } catch {
    return process.stdin; // Standard input is a socket, or this system is not Linux.
  }
}
