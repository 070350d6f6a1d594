/**
 * A lock between processes that is also the next content of its file. It is created exclusively
 * beside the file, written, and renamed over the file in one step. So a process that dies leaves at
 * most one file behind, which the next process takes over.
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

/** No process holds the lock this long: it reads and writes one small file. */
export const STALE_LOCK_MS = 5_000;

/** The error for a file that other processes kept locked during the whole wait. */
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
 * @param content Returns the new content while no other process writes; undefined leaves the file
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
      // A process that slept until its lock was taken over must not replace the file.
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
    // Also after a takeover, since the lock may be recreated again and again.
    if (leftMs <= 0) throw new FileLockedError();
    if (!mayBeFree) sleep(Math.min(leftMs, 1 + 4 * Math.random()));
  }
}

/** Removes an abandoned lock; returns whether the lock may be free now. */
function takeOver(lock: string): boolean {
  const found = identity(lock);
  if (found === undefined) return true;
  // No process of ours created a link, a folder or another user's file, so it must not be moved.
  if (!found.isOurs) return false;
  // A clock that was set back must not keep a lock forever.
  if (Math.abs(Date.now() - found.modifiedMs) < STALE_LOCK_MS) return false;
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return true;
    throw error;
  }
  // Between the check and the move, another process may have taken over: then this is its new lock.
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

/** Does not follow links: a dangling link exists as well. */
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
    // A leftover is taken over later.
  }
}
