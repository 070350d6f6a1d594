/**
 * A lock that many processes respect, which is the next content of the file that it guards: it is
 * made exclusively beside the file, written, and put in the file's place in one step. So a process
 * that dies leaves at most one file behind, which the next one takes over.
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

/** No process holds the lock as long as this: it reads and writes one small file. */
export const STALE_LOCK_MS = 5_000;

/** Why a file was not written: other processes were at it for as long as one was ready to wait. */
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
 * @param target The file; its folder must be there.
 * @param maxWaitMs For how long other processes are waited for, without letting the event loop run.
 * @param content Gives the new content, read and made while no other process writes; undefined
 * leaves the file as it is.
 * @throws FileLockedError when others hold the lock for too long; the file system's errors.
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
      // Whoever slept for so long that the lock was taken over has nothing to put in place.
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
    // Also where the way seemed free: something may be put into it again and again.
    if (leftMs <= 0) throw new FileLockedError();
    if (!mayBeFree) sleep(Math.min(leftMs, 1 + 4 * Math.random()));
  }
}

/** Removes a lock that its owner left behind; tells whether the way may be free. */
function takeOver(lock: string): boolean {
  const found = identity(lock);
  if (found === undefined) return true;
  // A link, a folder or a file of another user was made by no process of ours: it is not to be moved.
  if (!found.isOurs) return false;
  // A clock that was set back must not keep a lock for ever.
  if (Math.abs(Date.now() - found.modifiedMs) < STALE_LOCK_MS) return false;
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return true;
    throw error;
  }
  // Between the look and the move another process may have taken over: then this is its new lock.
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

/** Looks at what is there itself: a link that leads nowhere is something, too. */
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
    // What could not be tidied up is taken over later.
  }
}
