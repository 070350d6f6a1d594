/** Determines whether typed signals, such as Ctrl-C, reach this process directly. */

import { readFileSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * The positions of fields in /proc/self/stat. They are counted from the field after the program's
 * name, because the name may contain spaces.
 */
const GROUP = 2;
const TERMINAL = 4;
const FOREGROUND_GROUP = 5;
const NO_TERMINAL = "0";

/**
 * Returns whether this process is in the foreground group of its terminal. If the system does not
 * show that, returns whether a standard stream is a terminal.
 */
export function isInForeground(): boolean {
  try {
    return readsForeground(readFileSync("/proc/self/stat", "utf8"));
  } catch {
    return [0, 1, 2].some((stream) => isatty(stream));
  }
}

/** Returns the answer of `isInForeground` for the text of /proc/self/stat. */
export function readsForeground(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[TERMINAL] !== NO_TERMINAL && fields[GROUP] === fields[FOREGROUND_GROUP];
}
