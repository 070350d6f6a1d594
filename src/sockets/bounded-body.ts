/** Reads bodies of which no more than a bound is ever in memory. */

import type { IncomingMessage } from "node:http";

/** A bound on the bytes in memory at the same time for several bodies. */
export class HeldBytes {
  readonly #max: number;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Reserves some bytes; returns false if there is no room. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#max) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** A body, or the beginning of one that is not held as a whole: the rest is still to come. */
export interface HeldBody {
  readonly chunks: readonly Buffer[];
  /** The reason for not holding the rest: the body is too large, or too much is in memory. */
  readonly cutShort: "too-large" | "busy" | undefined;
  /** To be called once, when the chunks are no longer needed. */
  release(): void;
}

/**
 * Holds a body up to a bound. The message is paused where it becomes too long.
 *
 * @param held Counts the bytes of all bodies that are held.
 * @returns Rejects when the sender ends the body early.
 */
export function holdBody(
  message: IncomingMessage,
  maxBytes: number,
  held: HeldBytes,
): Promise<HeldBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const release = () => {
      held.giveBack(bytes);
      bytes = 0;
    };
    const settle = (cutShort?: HeldBody["cutShort"]) => {
      message.off("data", take).off("end", finish).off("close", lose).off("error", lose);
      if (cutShort !== undefined) message.pause();
      resolve({ chunks, cutShort, release });
    };
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      if (bytes + chunk.length > maxBytes) settle("too-large");
      else if (!held.take(chunk.length)) settle("busy");
      else bytes += chunk.length;
    };
    const finish = () => settle();
    const lose = (error?: unknown) => {
      release();
      reject(error ?? new Error("the body was cut off"));
    };
    // The caller may not have begun to read on when the rest is cut.
    message.on("error", () => undefined);
    message.on("data", take).on("end", finish).on("close", lose).on("error", lose);
  });
}

/** Reads a stream to its end; returns undefined, and reads no more of it, when it is longer than `maxBytes`. */
export async function readUpTo(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.byteLength;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
