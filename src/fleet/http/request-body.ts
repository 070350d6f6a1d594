/** Reads the body of a message up to a limit. */

import type { IncomingMessage } from "node:http";

/**
 * Reads a body as text. Returns undefined if it is longer than `maxBytes`, and leaves the rest
 * unread.
 */
export async function readBody(
  message: IncomingMessage,
  maxBytes: number,
): Promise<string | undefined> {
  if (Number(message.headers["content-length"] ?? 0) > maxBytes) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message) {
    const bytes: Buffer = chunk;
    length += bytes.length;
    if (length > maxBytes) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
