/** Receives and decompresses the body of an export, both up to a bound. */

import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";
import { type HeldBytes, holdBody } from "../../sockets/bounded-body.js";

/** Why a body was not received: the sender left, it is too large, or too many bytes are in memory. */
export type BodyProblem = "cut" | "too-large" | "busy";

/**
 * Reads the body of a request. Its bytes count against the bound until the caller releases them. A rejected
 * body is released here, and its rest is discarded as it arrives.
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

/** Decompresses a body to at most `maxBytes`. */
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
