/** Checks whether SIGTSTP stops a process by default. */

import { readFileSync } from "node:fs";
import { constants } from "node:os";

/** Returns whether a process neither handles nor ignores SIGTSTP; false if unknown. */
export function stopsByDefault(pid: number): boolean {
  try {
    return readsStopping(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/**
 * Returns the answer of `stopsByDefault` for the text of /proc/PID/status. The text contains sets
 * of signals in hexadecimal. The lowest bit is signal 1.
 */
export function readsStopping(status: string): boolean {
  const bit = 1n << BigInt(constants.signals.SIGTSTP - 1);
  const sets = ["SigIgn", "SigCgt"].map((name) => {
    const [, digits] = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status) ?? [];
    return digits;
  });
  return sets.every((digits) => digits !== undefined && (BigInt(`0x${digits}`) & bit) === 0n);
}
