/** Creates random tokens. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BYTES = 16;
const SOURCE = "/dev/urandom";

/**
 * Returns 128 random bits in hex. Reads the system's random device if there is one, because loading Node's
 * crypto module would take longer than the rest of a command's start.
 */
export function randomToken(): string {
  const bytes = fromSystem() ?? process.getBuiltinModule("node:crypto").randomBytes(BYTES);
  return bytes.toString("hex");
}

/** Returns bytes of the system's random device, or undefined if the system has none, such as Windows. */
function fromSystem(): Buffer | undefined {
  let source: number | undefined;
  try {
    source = openSync(SOURCE, "r");
    const bytes = Buffer.alloc(BYTES);
    const isWhole = fstatSync(source).isCharacterDevice() && readSync(source, bytes) === BYTES;
    return isWhole ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    if (source !== undefined) closeSync(source);
  }
}
