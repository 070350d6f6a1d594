/** Tells whether SIGTSTP does to a process what it does by default. */

import { readFileSync } from "node:fs";
import { constants } from "node:os";

/** Whether a process neither handles nor ignores SIGTSTP; false where the system does not tell. */
export function stopsByDefault(pid: number): boolean {
  try {
    return readsStopping(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

/** The same, from what /proc/PID/status holds: sets of signals in hexadecimal, the first one lowest. */
export function readsStopping(status: string): boolean {
  const bit = 1n << BigInt(constants.signals.SIGTSTP - 1);
  const sets = ["SigIgn", "SigCgt"].map((name) => {
    const [, digits] = new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status) ?? [];
    return digits;
  });
  return sets.every((digits) => digits !== undefined && (BigInt(`0x${digits}`) & bit) === 0n);
}
