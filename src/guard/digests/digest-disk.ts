/** Reads and writes the file of known digests, which many processes may write at the same time. */

import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { replaceLocked } from "../../files/file-lock.js";
import { makeFolder } from "../../fleet/folders.js";
import { formatDigests, MAX_DOCUMENT_BYTES, parseDigests } from "./digest-document.js";
import type { KnownDigest } from "./known-digests.js";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns the default path of the file: `dagger-circuit-breaker/digests.json` in `$XDG_CACHE_HOME`, else in
 * the system's cache folder. Returns undefined without such a folder, for example if the user has no home
 * folder.
 */
export function defaultDigestPath(
  env: Environment,
  system: string = process.platform,
): string | undefined {
  const home = absolute(env.HOME);
  const cache =
    absolute(env.XDG_CACHE_HOME) ??
    (system === "win32"
      ? absolute(env.LOCALAPPDATA)
      : home && join(home, ...(system === "darwin" ? ["Library", "Caches"] : [".cache"])));
  return cache && join(cache, "dagger-circuit-breaker", "digests.json");
}

/** The content of the file, and the problems with reading it. */
export interface DigestsRead {
  readonly digests: readonly KnownDigest[];
  /** The number of invalid entries. */
  readonly ignored: number;
  /**
   * The reason why no entry was read, such as `"is longer than 1 MiB"`. Undefined if the file was read or
   * is missing.
   */
  readonly problem: string | undefined;
}

/** Reads the file. An invalid file counts as empty, and `problem` contains the reason. Never throws. */
export function readDigests(path: string, nowMs: number): DigestsRead {
  const nothing = (problem?: string): DigestsRead => ({ digests: [], ignored: 0, problem });
  let descriptor: number | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe that has no writer would block forever.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size, uid } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile()) return nothing("is not a file");
    if (size > MAX_DOCUMENT_BYTES) return nothing("is longer than 1 MiB");
    if (size === 0) return nothing("is empty; delete it, or use a file of known digests");
    if (!isTrusted(uid)) return nothing("belongs to another user");
    const document = parseDigests(readAtMost(descriptor, MAX_DOCUMENT_BYTES), nowMs);
    if (document === undefined) return nothing("is not a file of known digests");
    return { ...document, problem: undefined };
  } catch (error) {
    const code = String((error as { code?: unknown }).code);
    return nothing(code === "ENOENT" ? undefined : `cannot be read (${code})`);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The settings of {@link updateDigests}. */
export interface UpdateOptions {
  /** The longest wait for other writing processes, in milliseconds. */
  readonly maxWaitMs: number;
  readonly nowMs: number;
}

/**
 * Changes the file under a lock against other processes. An invalid file is replaced.
 *
 * @param change Returns the new content for the current content, or undefined to change nothing.
 * @returns The content of the file afterwards.
 * @throws FileLockedError if other processes hold the lock longer than `maxWaitMs`. Errors of the file
 * system are thrown too.
 */
export function updateDigests(
  path: string,
  { maxWaitMs, nowMs }: UpdateOptions,
  change: (found: readonly KnownDigest[]) => readonly KnownDigest[] | undefined,
): readonly KnownDigest[] {
  makeFolder(dirname(path));
  const target = realPath(path);
  // Only a regular file may be replaced. Renaming over a device or a pipe would turn it into a regular
  // file.
  if (statSync(target, { throwIfNoEntry: false })?.isFile() === false) {
    throw Object.assign(new Error("no file"), { code: "ENOTFILE" });
  }
  let held: readonly KnownDigest[] = [];
  replaceLocked(target, maxWaitMs, () => {
    const found = readDigests(target, nowMs).digests;
    held = found;
    const wanted = change(found);
    if (wanted === undefined) return undefined;
    const { text, kept } = formatDigests(wanted);
    held = kept;
    return text;
  });
  return held;
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/**
 * Returns whether to trust a file of this owner. Digests decide what a pipeline runs, so a file of another
 * user is not trusted, except a file of root. Root trusts all files, because it may read a cache that is
 * mounted into a container.
 */
function isTrusted(owner: number): boolean {
  const own = process.getuid?.() ?? 0;
  return own === 0 || owner === 0 || owner === own;
}

function readAtMost(descriptor: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, buffer, length, bytes - length, null);
    length += read;
    if (read === 0 || length === bytes) return buffer.toString("utf8", 0, length);
  }
}

/** Returns the path without links, so that the lock is created beside the real file and a link stays a link. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
