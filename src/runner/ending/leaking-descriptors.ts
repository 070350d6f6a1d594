/** Finds descriptors that every program we start would inherit. Works only on Linux. */

import { readdirSync, readFileSync } from "node:fs";
import { descriptorLimit } from "../input/descriptors.js";

/** The close-on-exec flag of `open`, in octal. */
const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

/**
 * Returns descriptors from 3 on that we inherited and that programs we start would inherit too.
 * Node marks only the first few to be closed.
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
