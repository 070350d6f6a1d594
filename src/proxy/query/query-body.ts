/** Parses requests and answers for classification only. Their bytes are forwarded unchanged. */

import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import type { GraphQLRequest } from "../../attribution/failure.js";
import type { HeldBody } from "../../sockets/bounded-body.js";

/** The longest body that is parsed, in bytes. Requests of SDKs and errors of engines are shorter. */
export const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** Replaces a request that cannot be parsed. Such a request needs a permit of the engine only. */
const UNKNOWN_REQUEST: GraphQLRequest = { query: "" };

/** Replaces an answer that is too long to be an error. */
export const LONG_ANSWER = { data: {} };

const UNPACKERS = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * Returns the request in a body. Returns {@link UNKNOWN_REQUEST} if the body is too long, compressed, or
 * not a JSON object.
 */
export function requestIn({ chunks, cutShort }: HeldBody, encoding: string | undefined) {
  if (cutShort !== undefined || encoding !== undefined) return UNKNOWN_REQUEST;
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof parsed === "object" && parsed !== null) return parsed as GraphQLRequest;
  } catch {
    // The body is not JSON, so the session itself will reject it.
  }
  return UNKNOWN_REQUEST;
}

/** Returns the decompressed text of an answer, or {@link LONG_ANSWER} if the answer is too long. */
export async function answerIn({ chunks, cutShort }: HeldBody, encoding: string | undefined) {
  if (cutShort !== undefined) return LONG_ANSWER;
  const bytes = Buffer.concat(chunks);
  const unpack = UNPACKERS[(encoding ?? "").trim().toLowerCase() as keyof typeof UNPACKERS];
  if (unpack === undefined) return bytes.toString();
  try {
    return (await unpack(bytes, { maxOutputLength: MAX_HELD_BYTES })).toString();
  } catch (error) {
    const isTooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return isTooLong ? LONG_ANSWER : bytes.toString("latin1");
  }
}
