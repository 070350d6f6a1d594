/** Reads message bodies with a limit on the bytes in memory. */

import type { IncomingMessage } from "node:http";

/** A limit on the bytes that several bodies together hold in memory. */
export class HeldBytes {
  readonly #max: number;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Reserves bytes. If the limit would be exceeded, reserves nothing and returns false. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#max) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * A body in memory. If `cutShort` is set, the chunks are only its beginning, and the rest can still be read
 * from the message.
 */
export interface HeldBody {
  readonly chunks: readonly Buffer[];
  /**
   * Why the chunks are incomplete: this body is too large, or all bodies together are too large. Undefined
   * if the body is complete.
   */
  readonly cutShort: "too-large" | "busy" | undefined;
  /** Releases the reserved bytes. Call it once, when the chunks are no longer needed. */
  release(): void;
}

/**
 * Reads a body into memory, up to `maxBytes`. If a limit is exceeded, pauses the message and returns the
 * part read so far.
 *
 * @param held The limit for all bodies together.
 * @returns The body. The promise rejects if the sender ends the body early.
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
    // If the body is cut short, the caller has no listener yet. Without this listener, an error at that
    // time would crash the process.
    message.on("error", () => undefined);
    message.on("data", take).on("end", finish).on("close", lose).on("error", lose);
  });
}

/** Reads a stream to its end. If it is longer than `maxBytes`, stops reading and returns undefined. */
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
