/** Receives and decompresses the body of an export. Both sizes are limited. */

import type { IncomingMessage } from "node:http";
import { gunzip } from "node:zlib";
import { type HeldBytes, holdBody } from "../../sockets/bounded-body.js";

/**
 * Why a body was not received: the sender disconnected, the body is too large, or too many bytes are in
 * memory.
 */
export type BodyProblem = "cut" | "too-large" | "busy";

/**
 * Reads the body of a request. Its bytes count as held until the caller releases them. When the body is
 * rejected, its bytes are released here, and the rest of it is discarded.
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

/** Decompresses a body. Returns `"too-large"` beyond `maxBytes`. */
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
