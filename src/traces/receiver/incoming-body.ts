/** Receives the body of an export up to a bound, compressed and decompressed. */

import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";

/** The reason for not taking a body: the sender left, it is too large, or too much is in memory. */
export type Refusal = "cut" | "too-large" | "busy";

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

/**
 * Reads the body of a request. Its bytes count as held until the caller releases them. Those of a
 * rejected body are released here, and the rest of it is discarded as it arrives.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  held: HeldBytes,
): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer): void => {
      if (bytes + chunk.length > maxBytes) refuse("too-large");
      else if (!held.take(chunk.length)) refuse("busy");
      else {
        bytes += chunk.length;
        chunks.push(chunk);
      }
    };
    const finish = (): void => {
      forget();
      resolve(Buffer.concat(chunks, bytes));
    };
    const cut = (): void => refuse("cut");
    const refuse = (why: Refusal): void => {
      forget();
      held.giveBack(bytes);
      chunks.length = 0;
      request.resume();
      resolve(why);
    };
    const forget = (): void => {
      request.off("data", take).off("end", finish).off("close", cut);
    };
    request.on("error", () => undefined);
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) refuse("too-large");
    else request.on("data", take).on("end", finish).on("close", cut);
  });
}

/** Decompresses a body, to at most `maxBytes`. */
export function unpack(
  body: Uint8Array,
  maxBytes: number,
): Promise<Buffer | "too-large" | "damaged"> {
  return new Promise((resolve) => {
    gunzip(body, { maxOutputLength: maxBytes }, (error, plain) => {
      if (error === null) resolve(plain);
      else resolve(isTooLarge(error) ? "too-large" : "damaged");
    });
  });
}

function isTooLarge(error: NodeJS.ErrnoException): boolean {
  return error.code === "ERR_BUFFER_TOO_LARGE";
}
