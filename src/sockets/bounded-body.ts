/** Reads bodies of messages, with a bound on the bytes in memory. */

import type { IncomingMessage } from "node:http";

/** A bound on the bytes in memory for several bodies together. */
export class HeldBytes {
  readonly #max: number;
  #bytes = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Reserves bytes. Returns false if there is no room. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#max) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** A body in memory. If `cutShort` is set, it is only the beginning, and the rest is still to be read. */
export interface HeldBody {
  readonly chunks: readonly Buffer[];
  /** Why the rest is not in memory: the body is too large, or too many bytes are held already. */
  readonly cutShort: "too-large" | "busy" | undefined;
  /** Releases the reserved bytes. Call it once, when the chunks are no longer needed. */
  release(): void;
}

/**
 * Reads a body into memory up to a bound. Where it becomes too long, the message is paused.
 *
 * @param held The bound for all bodies together.
 * @returns Rejects if the sender ends the body early.
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
    // Catches errors after the body was cut short, before the caller reads the rest.
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
