/** Gives each attempt the same standard input: what an earlier one was given is kept and given again. */

import { constants, openSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

/** As much is kept, in memory alone. */
export const KEPT_BYTES = 1024 * 1024;

/** Standard input, kept as it is read. */
export class ReplayedInput {
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #isWhole = true;
  #isEnded = false;
  #source: Readable | undefined;
  #sink: Writable | undefined;

  /** @param ended What was read already of an input that has ended. */
  constructor(ended?: Buffer) {
    if (ended === undefined) return;
    this.#keep(ended);
    this.#isEnded = true;
  }

  /** Whether all that was read is still there. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Writes the input to a command: what was kept, and then what comes. */
  feed(sink: Writable): void {
    this.#sink = sink;
    // The command need not read it.
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

  /** The command has ended, or reads no more. */
  stop(): void {
    this.#source?.pause();
    this.#sink?.destroy();
    this.#sink = undefined;
  }

  /** Reads no more. */
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

/** A pipe by a descriptor of its own: reading makes it non-blocking, for all who share it. */
function openInput(): Readable {
  try {
    const { O_RDONLY, O_NONBLOCK } = constants;
    const fd = openSync("/proc/self/fd/0", O_RDONLY | O_NONBLOCK);
    return new Socket({ fd, readable: true, writable: false });
  } catch {
    return process.stdin; // A socket, or another system.
  }
}
