/** What the system shows of the descriptors of this process. */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { isatty } from "node:tty";

/**
 * What can be read from a descriptor: a file again and again, a queue (a pipe or a socket) once, and
 * anything else, such as /dev/null, as often as one likes.
 */
export type DescriptorKind = "terminal" | "file" | "pipe" | "socket" | "other";

const SKIP_BYTES = 1024 * 1024;

/** What kind of thing a descriptor is. */
export function kindOf(descriptor: number): DescriptorKind {
  if (isatty(descriptor)) return "terminal";
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() || stats.isBlockDevice()) return "file";
    if (stats.isFIFO()) return "pipe";
    return stats.isSocket() ? "socket" : "other";
  } catch {
    return "other"; // It is closed.
  }
}

/** The name that Linux gives to what a descriptor is, as `pipe:[123]`; undefined elsewhere. */
export function targetOf(descriptor: number, pid: number | "self" = "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

/** Whether a descriptor is open for reading, and whether for writing; both where that is not shown. */
export function accessOf(descriptor: number): {
  readonly reads: boolean;
  readonly writes: boolean;
} {
  try {
    const { mode } = lstatSync(`/proc/self/fd/${descriptor}`);
    return { reads: (mode & 0o400) !== 0, writes: (mode & 0o200) !== 0 };
  } catch {
    return { reads: true, writes: true };
  }
}

/** Where a file is read next; undefined where the system does not show it. */
export function positionOf(descriptor: number): number | undefined {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    const [, position] = /^pos:\s*(\d+)$/m.exec(info) ?? [];
    return position === undefined ? undefined : Number(position);
  } catch {
    return undefined;
  }
}

/**
 * Opens a file once more, to be read from a position on. The descriptor itself stays as it is.
 *
 * @throws What the system says.
 */
export function openAgainAt(descriptor: number, position: number): number {
  const again = openSync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY);
  try {
    // Node.js cannot set a position: what stands before it is read, from the cache of the system.
    const skipped = Buffer.allocUnsafe(Math.min(SKIP_BYTES, Math.max(1, position)));
    for (let left = position; left > 0; ) {
      const length = readSync(again, skipped, 0, Math.min(left, skipped.length), null);
      if (length === 0) break;
      left -= length;
    }
    return again;
  } catch (error) {
    closeSync(again);
    throw error;
  }
}

/** The number below which descriptors can be given to a command, although we may have others from before it was set. */
export function descriptorLimit(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
