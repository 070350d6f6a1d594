/** Creates random tokens. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BYTES = 16;
const SOURCE = "/dev/urandom";

/**
 * Returns 128 random bits in hex. If possible it reads the system's random device, because loading the
 * crypto module takes longer than all else that a command does to start.
 */
export function randomToken(): string {
  const bytes = fromSystem() ?? process.getBuiltinModule("node:crypto").randomBytes(BYTES);
  return bytes.toString("hex");
}

/** Returns undefined on systems without a random device, such as Windows. */
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
