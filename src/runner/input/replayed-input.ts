/** Gives each attempt the same standard input, by keeping what was read. */

import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** The limit on kept data, in memory. */
export const KEPT_BYTES = 1024 * 1024;

/** Standard input, kept as it is read. */
export class ReplayedInput {
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #isWhole = true;
  #isEnded = false;
  #source: Readable | undefined;
  #sink: Writable | undefined;

  /** @param ended All data of an input that has ended and was already read. */
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

  /** Stops feeding: the command has ended, or reads no more. */
  stop(): void {
    this.#source?.pause();
    this.#sink?.destroy();
    this.#sink = undefined;
  }

  /** Stops reading. */
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
 * Opens the pipe again, because reading makes a descriptor non-blocking for all processes that
 * share it.
 */
function openInput(): Readable {
  try {
    const { O_RDONLY, O_NONBLOCK } = constants;
    const fd = openSync("/proc/self/fd/0", O_RDONLY | O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  } catch {
    return process.stdin; // A socket, or not on Linux.
  }
}
