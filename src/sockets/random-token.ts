/** Makes tokens that nobody can guess. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BYTES = 16;
const SOURCE = "/dev/urandom";

/**
 * Returns 128 random bits in hex. The system is asked itself where it can be: the module for cryptography takes longer
 * to load than all else that a command needs to start.
 */
export function randomToken(): string {
  const bytes = fromSystem() ?? process.getBuiltinModule("node:crypto").randomBytes(BYTES);
  return bytes.toString("hex");
}

/** Undefined where there is no such device, as on Windows. */
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
