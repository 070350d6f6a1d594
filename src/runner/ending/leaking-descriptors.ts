/** Finds descriptors that every program we start would keep open, as Linux shows them. */

import { readdirSync, readFileSync } from "node:fs";
import { descriptorLimit } from "../input/descriptors.js";

/** The close-on-exec flag of `open`, in octal. */
const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

/**
 * Returns inherited descriptors behind the standard streams that our programs inherit. Node closes
 * only the first ones.
 */
export function leakingDescriptors(): readonly number[] {
  try {
    const found = readdirSync("/proc/self/fd")
      .map(Number)
      .filter((descriptor) => descriptor > LAST_STANDARD && isLeaking(descriptor));
    const limit = found.length === 0 ? 0 : descriptorLimit();
    return found.filter((descriptor) => descriptor < limit);
  } catch {
    return []; // Not on Linux.
  }
}

function isLeaking(descriptor: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(info) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // The descriptor that read the folder.
  }
}
