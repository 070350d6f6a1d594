/** Receives the body of an export up to a bound, compressed and decompressed. */

import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";
import { type HeldBytes, holdBody } from "../../sockets/bounded-body.js";

/** The reason for not taking a body: the sender left, it is too large, or too much is in memory. */
export type BodyProblem = "cut" | "too-large" | "busy";

/**
 * Reads the body of a request. Its bytes count as held until the caller releases them. Those of a
 * rejected body are released here, and the rest of it is discarded as it arrives.
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  held: HeldBytes,
): Promise<Buffer | BodyProblem> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) {
    request.on("error", () => undefined).resume();
    return "too-large";
  }
  const body = await holdBody(request, maxBytes, held).catch(() => undefined);
  if (body?.cutShort === undefined) return body === undefined ? "cut" : Buffer.concat(body.chunks);
  body.release();
  request.resume();
  return body.cutShort;
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
