/** Whether the terminal sends what is typed, such as Ctrl-C, to this process as to its children. */

import { readFileSync } from "node:fs";
import { isatty } from "node:tty";

/** Fields of /proc/self/stat behind the name of the program, which may hold anything. */
const GROUP = 2;
const TERMINAL = 4;
const FOREGROUND_GROUP = 5;
const NO_TERMINAL = "0";

/**
 * Whether this process belongs to the group that a terminal has in its foreground. Where the system
 * does not tell, a process with a terminal as one of its streams counts as such.
 */
export function isInForeground(): boolean {
  try {
    return readsForeground(readFileSync("/proc/self/stat", "utf8"));
  } catch {
    return [0, 1, 2].some((stream) => isatty(stream));
  }
}

/** The same, from what /proc/self/stat says. */
export function readsForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[TERMINAL] !== NO_TERMINAL && fields[GROUP] === fields[FOREGROUND_GROUP];
}
