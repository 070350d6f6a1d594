/** Finds descriptors that every child process would inherit. Works only on Linux. */

import { readdirSync, readFileSync } from "node:fs";
import { descriptorLimit } from "../input/descriptors.js";

/** The close-on-exec flag of `open`, in octal. */
const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

/**
 * Returns the inherited descriptors from 3 on that child processes would inherit too. Node.js sets
 * the close-on-exec flag only for the first few.
 */
export function leakingDescriptors(): readonly number[] {
  try {
    const found = readdirSync("/proc/self/fd")
      .map(Number)
      .filter((descriptor) => descriptor > LAST_STANDARD && isLeaking(descriptor));
    const limit = found.length === 0 ? 0 : descriptorLimit();
    return found.filter((descriptor) => descriptor < limit);
  } catch {
    return []; // Only Linux has this folder.
  }
}

function isLeaking(descriptor: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(info) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // This descriptor was open only to list the folder.
  }
}
