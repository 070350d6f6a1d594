/** Known digests on disk: where they are, how they are read, and how many processes write them. */

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

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where known digests are kept by default: `dagger-circuit-breaker/digests.json` in
 * `$XDG_CACHE_HOME`, else in the cache folder of the system; undefined where there is none, as
 * without a home.
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

/** What a file holds, and why it was not read, if it was not. */
export interface DigestsRead {
  readonly digests: readonly KnownDigest[];
  /** How many of its entries were none. */
  readonly ignored: number;
  /** What is wrong with the file as a whole, such as `"is longer than 1 MiB"`; not for one that is not there. */
  readonly problem: string | undefined;
}

/** Reads a file; what is not a file of known digests reads as empty, with its problem. Never throws. */
export function readDigests(path: string, nowMs: number): DigestsRead {
  const nothing = (problem?: string): DigestsRead => ({ digests: [], ignored: 0, problem });
  let descriptor: number | undefined;
  try {
    // A pipe that nobody writes to would keep us for ever.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const { size, uid } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile()) return nothing("is not a file");
    if (size > MAX_DOCUMENT_BYTES) return nothing("is longer than 1 MiB");
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

/** How {@link updateDigests} goes about it. */
export interface UpdateOptions {
  /** For how long other processes that write are waited for. */
  readonly maxWaitMs: number;
  readonly nowMs: number;
}

/**
 * Changes a file while no other process does. What is not a file of known digests is replaced.
 *
 * @param change Gives what is to be kept of what is there; undefined changes nothing.
 * @returns What the file holds afterwards.
 * @throws FileLockedError when others are at it for too long; the file system's errors.
 */
export function updateDigests(
  path: string,
  { maxWaitMs, nowMs }: UpdateOptions,
  change: (found: readonly KnownDigest[]) => readonly KnownDigest[] | undefined,
): readonly KnownDigest[] {
  makeFolder(dirname(path));
  const target = realPath(path);
  // A device or a pipe would be replaced by a file.
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
 * Digests decide what a pipeline runs, so they are not taken from another user; root, who may read a
 * cache that a container mounts, is taken to know.
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

/** Behind links, so that the lock stands beside the file and a link stays one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
