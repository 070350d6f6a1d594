/** Writes to one of our own standard streams without holding up the event loop. */

import { write } from "node:fs";
import { Writable } from "node:stream";

/** How soon a stream is tried again that somebody else has made non-blocking, and that is full. */
const FULL_RETRY_MS = 10;
const HIGH_WATER_MARK = 64 * 1024;

/**
 * A stream to a file descriptor, which is not closed. `process.stdout` writes to pipes within the
 * event loop: a slow reader would hold up the proxy, the traces and the clocks. And to make the
 * descriptor non-blocking would do so for every process that shares it.
 */
export class DescriptorSink extends Writable {
  readonly #descriptor: number;

  constructor(descriptor: number) {
    super({ highWaterMark: HIGH_WATER_MARK });
    this.#descriptor = descriptor;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    write(this.#descriptor, chunk, (error, written) => {
      if (error?.code === "EAGAIN") {
        setTimeout(() => this._write(chunk, _encoding, done), FULL_RETRY_MS);
      } else if (error !== null) done(error);
      else if (written < chunk.length) this._write(chunk.subarray(written), _encoding, done);
      else done();
    });
  }
}
