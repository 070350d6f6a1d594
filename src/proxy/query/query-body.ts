/** Reads what is held of requests and answers, for judging only: what is passed on are the bytes. */

import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import type { GraphQLRequest } from "../../attribution/failure.js";
import { type HeldBody, MAX_HELD_BYTES } from "./held-body.js";

/** A request of which nothing is known: for it the engine alone is asked. */
const UNKNOWN_REQUEST: GraphQLRequest = { query: "" };

/** What stands for an answer that is too long to be an error. */
export const LONG_ANSWER = { data: {} };

const UNPACKERS = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** The request in a body; of one that is too long, packed, or no JSON object, nothing is known. */
export function requestIn({ chunks, complete }: HeldBody, encoding: string | undefined) {
  if (!complete || encoding !== undefined) return UNKNOWN_REQUEST;
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (typeof parsed === "object" && parsed !== null) return parsed as GraphQLRequest;
  } catch {
    // What is no JSON is for the session to refuse.
  }
  return UNKNOWN_REQUEST;
}

/** The text of an answer, unpacked; of one that is too long packed or unpacked, what stands for it. */
export async function answerIn({ chunks, complete }: HeldBody, encoding: string | undefined) {
  if (!complete) return LONG_ANSWER;
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
