/** Holds a body until it is complete, or too long to hold. */

import type { IncomingMessage } from "node:http";
import type { HeldBytes } from "../../traces/receiver/incoming-body.js";

/** The longest body that is read. No request of an SDK and no error of an engine is that long. */
export const MAX_HELD_BYTES = 16 * 1024 * 1024;

/** A body, or the beginning of one that is too long, whose rest is unread. */
export interface HeldBody {
  readonly chunks: readonly Buffer[];
  readonly complete: boolean;
  /** Releases the chunks; call it once when they are no longer needed. */
  release(): void;
}

/**
 * Reads a body up to a bound.
 *
 * @param held The bytes held for all bodies. A body without room counts as too long.
 * @returns Rejects if the body is cut.
 */
export function holdBody(message: IncomingMessage, held: HeldBytes): Promise<HeldBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const release = () => {
      held.giveBack(bytes);
      bytes = 0;
    };
    const settle = (complete: boolean) => {
      message.off("data", take).off("end", finish).off("close", lose).off("error", lose);
      resolve({ chunks, complete, release });
    };
    const take = (chunk: Buffer) => {
      chunks.push(chunk);
      const fits = bytes + chunk.length <= MAX_HELD_BYTES && held.take(chunk.length);
      if (fits) bytes += chunk.length;
      else {
        message.pause();
        settle(false);
      }
    };
    const finish = () => settle(true);
    const lose = (error?: unknown) => {
      release();
      reject(error ?? new Error("the body was cut off"));
    };
    // The rest may be cut before its reader has added a listener.
    message.on("error", () => undefined);
    message.on("data", take).on("end", finish).on("close", lose).on("error", lose);
  });
}
