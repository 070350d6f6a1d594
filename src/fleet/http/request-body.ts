/** Reads the body of a message, never more of it than allowed. */

import type { IncomingMessage } from "node:http";

/** Reads a body as text; undefined when it is longer than `maxBytes`, and the rest is not read. */
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
