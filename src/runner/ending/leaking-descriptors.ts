/** Finds descriptors that every program started by us would hold open, as Linux shows them. */

import { readdirSync, readFileSync } from "node:fs";
import { descriptorLimit } from "../input/descriptors.js";

/** Closed when another program is run, as `open` flags have it in octal. */
const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

/**
 * Those behind the standard streams that we have inherited and that a program inherits from us. Node
 * keeps from that only a first row of them.
 */
export function leakingDescriptors(): readonly number[] {
  try {
    const found = readdirSync("/proc/self/fd")
      .map(Number)
      .filter((descriptor) => descriptor > LAST_STANDARD && isLeaking(descriptor));
    const limit = found.length === 0 ? 0 : descriptorLimit();
    return found.filter((descriptor) => descriptor < limit);
  } catch {
    return []; // Another system.
  }
}

function isLeaking(descriptor: number): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    const [, flags = "0"] = /^flags:\s*([0-7]+)$/m.exec(info) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    return false; // The one by which the folder was read.
  }
}
