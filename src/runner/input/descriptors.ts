/** Reads what the system knows about descriptors. */

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
 * The kind of a descriptor. Data of a pipe or a socket can be read only once. Files and other
 * kinds, such as /dev/null, can be read again.
 */
export type DescriptorKind = "terminal" | "file" | "pipe" | "socket" | "other";

const SKIP_BYTES = 1024 * 1024;

export function kindOf(descriptor: number): DescriptorKind {
  if (isatty(descriptor)) return "terminal";
  try {
    const stats = fstatSync(descriptor);
    if (stats.isFile() || stats.isBlockDevice()) return "file";
    if (stats.isFIFO()) return "pipe";
    return stats.isSocket() ? "socket" : "other";
  } catch {
    return "other"; // The descriptor is closed.
  }
}

/**
 * Returns what a descriptor refers to, such as `pipe:[123]` or a path. Returns undefined if
 * unknown, and always on systems other than Linux.
 */
export function targetOf(descriptor: number, pid: number | "self" = "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

/**
 * Returns whether a descriptor is open for reading, and whether for writing. If unknown, returns
 * true for both.
 */
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

/** Returns the read position of a file; undefined if the system does not show it. */
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
 * Reopens a file for reading from a position. The original descriptor stays unchanged.
 *
 * @throws The system's error.
 */
export function openAgainAt(descriptor: number, position: number): number {
  const again = openSync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY);
  try {
    // Node.js cannot seek, so the part before `position` is read and dropped.
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

/**
 * Returns the limit on descriptor numbers. Inherited descriptors can have higher numbers, if the
 * limit was lowered after they were opened.
 */
export function descriptorLimit(): number {
  try {
    const [, limit] =
      /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
