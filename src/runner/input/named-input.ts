/** Finds files in a command's arguments that can be read only once, such as named pipes. */

import { statSync } from "node:fs";
import { queueEnd } from "./at-end.js";
import { accessOf, kindOf } from "./descriptors.js";

/**
 * A path such as `/dev/fd/63`, anywhere in an argument. A shell writes such a path for
 * `<(command)`.
 */
const DESCRIPTOR = /(?:\/dev\/fd\/|\/proc\/(?:self|thread-self|\d+)\/fd\/)(\d+)(?![\w/])/g;
/** A prefix of a path, as in `--file=path` and `@path`. */
const BEFORE_PATH = /^[^=@]*[=@]/;
const LONGEST_PATH = 4096;

/**
 * Returns a description of the first pipe or socket that the texts name; undefined without one. A
 * descriptor at its end does not count.
 *
 * @param texts Arguments, and values of variables.
 */
export function namedQueue(texts: readonly string[]): string | undefined {
  for (const text of texts) {
    for (const [name, number] of text.matchAll(DESCRIPTOR)) {
      if (isQueue(Number(number))) return `${name} is a pipe or a socket`;
    }
    if ([text, text.replace(BEFORE_PATH, "")].some(isNamedPipe)) {
      return "an argument names a pipe";
    }
  }
  return undefined;
}

/**
 * Returns whether a descriptor is a pipe or a socket that is not at its end. `CommandInput` checks
 * standard input.
 */
function isQueue(descriptor: number): boolean {
  if (descriptor === 0 || !accessOf(descriptor).reads) return false;
  const kind = kindOf(descriptor);
  return kind === "pipe" || kind === "socket" ? !queueEnd(descriptor, kind).isAtEnd : false;
}

function isNamedPipe(path: string): boolean {
  if (path === "" || path.length > LONGEST_PATH || path.startsWith("/dev/")) return false;
  if (path.startsWith("/proc/")) return false;
  try {
    return statSync(path).isFIFO();
  } catch {
    return false; // No file has this path.
  }
}
