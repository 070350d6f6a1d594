/**
 * Locks a file between processes. The lock file also holds the next content. A process creates the lock
 * file beside the target and writes the new content to it. Then it renames the lock file over the target,
 * in one atomic step. If a process dies, at most its lock file remains, and the next process removes it.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";

/**
 * The age in milliseconds at which a lock counts as abandoned. A process holds a lock only while it reads
 * and writes one small file.
 */
export const STALE_LOCK_MS = 5_000;

/** The error thrown when other processes hold the lock during the whole wait. */
export class FileLockedError extends Error {
  readonly code = "ELOCKED";

  constructor() {
    super("other processes are writing the file");
    this.name = "FileLockedError";
  }
}

/**
 * Replaces a file in one step, while holding its lock.
 *
 * @param target The file; its folder must exist.
 * @param maxWaitMs The longest wait for other processes, in milliseconds. The wait blocks the event loop.
 * @param content Returns the new content, or undefined to leave the file unchanged. It is called while the
 * lock is held.
 * @throws FileLockedError if other processes hold the lock longer than `maxWaitMs`. Errors of the file
 * system are thrown too.
 */
export function replaceLocked(
  target: string,
  maxWaitMs: number,
  content: () => string | undefined,
): void {
  const lock = `${target}.lock`;
  const descriptor = acquire(lock, maxWaitMs);
  let replaced = false;
  try {
    const text = content();
    if (text !== undefined) {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
      // If this process was suspended, another process may have taken over the lock. Then this process must
      // not replace the file.
      if (!isFile(lock, descriptor)) throw new FileLockedError();
      renameSync(lock, target);
      replaced = true;
    }
  } finally {
    if (!replaced) {
      quietly(() => {
        if (isFile(lock, descriptor)) unlinkSync(lock);
      });
    }
    quietly(() => closeSync(descriptor));
  }
}

function acquire(lock: string, maxWaitMs: number): number {
  const end = performance.now() + maxWaitMs;
  for (;;) {
    try {
      return openSync(lock, "wx", 0o600);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    }
    const mayBeFree = takeOver(lock);
    const leftMs = end - performance.now();
    // Check the time after a takeover too. Other processes may create the lock again each time, so the loop
    // might never end.
    if (leftMs <= 0) throw new FileLockedError();
    if (!mayBeFree) sleep(Math.min(leftMs, 1 + 4 * Math.random()));
  }
}

/** Removes an abandoned lock. Returns whether the lock may be free now. */
function takeOver(lock: string): boolean {
  const found = identity(lock);
  if (found === undefined) return true;
  // This program creates locks only as regular files of its own user. Any other kind of file belongs to
  // another program, and must not be moved.
  if (!found.isOurs) return false;
  // Use the absolute value. After a clock is set back, the time of a lock can lie in the future. Such a
  // lock must not stay forever.
  if (Math.abs(Date.now() - found.modifiedMs) < STALE_LOCK_MS) return false;
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return true;
    throw error;
  }
  // Another process may have taken over between the check and the move. Then the moved file is the new lock
  // of that process, and must be put back.
  const moved = identity(aside);
  const fresh = moved?.inode !== found.inode || moved.modifiedMs !== found.modifiedMs;
  if (fresh) quietly(() => linkSync(aside, lock));
  quietly(() => unlinkSync(aside));
  return !fresh;
}

interface Identity {
  readonly inode: bigint;
  readonly modifiedMs: number;
  /** Whether the path is a regular file of the current user. */
  readonly isOurs: boolean;
}

/**
 * Describes the file at a path. Does not follow links, because even a link without a target occupies the
 * name.
 */
function identity(path: string): Identity | undefined {
  const found = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const user = process.geteuid?.();
  const isOurs = found.isFile() && (user === undefined || found.uid === BigInt(user));
  return { inode: found.ino, modifiedMs: Number(found.mtimeMs), isOurs };
}

function isFile(path: string, descriptor: number): boolean {
  return identity(path)?.inode === fstatSync(descriptor, { bigint: true }).ino;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // A lock that cannot be removed is taken over later.
  }
}
