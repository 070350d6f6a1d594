/**
 * A lock between processes that also holds the next content of its file. A process creates the lock beside
 * the file, writes the new content to it, and renames it over the file in one step. If a process dies, at
 * most its lock remains, which the next process takes over.
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

/** The age from which on a lock counts as abandoned. A process holds it only to read and write one small file. */
export const STALE_LOCK_MS = 5_000;

/** The error if other processes kept the file locked during the whole wait. */
export class FileLockedError extends Error {
  readonly code = "ELOCKED";

  constructor() {
    super("other processes are writing the file");
    this.name = "FileLockedError";
  }
}

/**
 * Replaces a file under its lock, in one step.
 *
 * @param target The file; its folder must exist.
 * @param maxWaitMs The longest wait for other processes. It blocks the event loop.
 * @param content Returns the new content. It is called while the lock is held. Undefined leaves the file
 * unchanged.
 * @throws FileLockedError if other processes hold the lock too long; the file system's errors.
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
      // If this process slept so long that another took over its lock, it must not replace the file.
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
    // Checked after a takeover, too: the lock may be created again each time.
    if (leftMs <= 0) throw new FileLockedError();
    if (!mayBeFree) sleep(Math.min(leftMs, 1 + 4 * Math.random()));
  }
}

/** Removes an abandoned lock. Returns whether the lock may be free now. */
function takeOver(lock: string): boolean {
  const found = identity(lock);
  if (found === undefined) return true;
  // We create no links, folders or files of other users, so this is not our lock and must not be moved.
  if (!found.isOurs) return false;
  // The absolute value, because a clock that was set back must not keep a lock forever.
  if (Math.abs(Date.now() - found.modifiedMs) < STALE_LOCK_MS) return false;
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return true;
    throw error;
  }
  // If another process took over between the check and the move, this is its new lock.
  const moved = identity(aside);
  const fresh = moved?.inode !== found.inode || moved.modifiedMs !== found.modifiedMs;
  if (fresh) quietly(() => linkSync(aside, lock));
  quietly(() => unlinkSync(aside));
  return !fresh;
}

interface Identity {
  readonly inode: bigint;
  readonly modifiedMs: number;
  /** Whether it is a regular file of our own user. */
  readonly isOurs: boolean;
}

/** Does not follow links: a link without a target also occupies the name. */
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
