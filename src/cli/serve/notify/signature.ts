/**
 * Signs notifications in the format of https://www.standardwebhooks.com, so that libraries for this
 * format can verify them.
 */

import { createHmac } from "node:crypto";

/** A message to sign. */
export interface SignedParts {
  readonly id: string;
  /** The time of the attempt, in whole seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

/** Returns the headers that identify a message. With a key, they also contain the signature. */
export function webhookHeaders(
  { id, timestamp, body }: SignedParts,
  key: Buffer | undefined,
): Readonly<Record<string, string>> {
  const headers = { "webhook-id": id, "webhook-timestamp": String(timestamp) };
  if (key === undefined) return headers;
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { ...headers, "webhook-signature": `v1,${signature}` };
}
