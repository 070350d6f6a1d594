/** Finds files in a command's arguments that can be read only once, such as named pipes. */

import { statSync } from "node:fs";
import { queueEnd } from "./at-end.js";
import { accessOf, kindOf } from "./descriptors.js";

/** `/dev/fd/63`, as a shell writes for `<(command)`, anywhere in an argument. */
const DESCRIPTOR = /(?:\/dev\/fd\/|\/proc\/(?:self|thread-self|\d+)\/fd\/)(\d+)(?![\w/])/g;
/** A prefix of a path, as in `--file=path` and `@path`. */
const BEFORE_PATH = /^[^=@]*[=@]/;
const LONGEST_PATH = 4096;

/**
 * Returns the first named pipe or socket that is not at its end; undefined without one.
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
 * Returns whether a descriptor is a pipe or socket that is not at its end. Standard input is
 * checked elsewhere.
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
    return false; // Not an existing path.
  }
}
