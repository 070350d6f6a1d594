/** Reads the system's information about descriptors. */

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
 * The kind of a descriptor. Data of a pipe or socket can be read only once; files and other kinds,
 * such as /dev/null, can be read again.
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
 * Returns what a descriptor refers to, such as `pipe:[123]` or a path; undefined except on Linux.
 */
export function targetOf(descriptor: number, pid: number | "self" = "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

/** Returns whether a descriptor is open for reading and for writing; both if unknown. */
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
 * Returns the limit of open descriptors. We may have inherited higher ones, if the limit was
 * lowered later.
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
