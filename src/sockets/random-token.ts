/** Creates random tokens. */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BYTES = 16;
const SOURCE = "/dev/urandom";

/**
 * Returns 128 random bits in hex. It reads the system's device directly where possible: loading the
 * crypto module takes longer than everything else that a command needs to start.
 */
export function randomToken(): string {
  const bytes = fromSystem() ?? process.getBuiltinModule("node:crypto").randomBytes(BYTES);
  return bytes.toString("hex");
}

/** Undefined on systems without such a device, such as Windows. */
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
