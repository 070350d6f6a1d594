/**
 * Finds and reads the lock file of a working folder. The engine writes it, at the end of a session;
 * we never do.
 */

import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type LockedImage, lockedImage, MAX_LOCK_BYTES, parseLock } from "./lock-document.js";
import { tagReference } from "./references.js";

/** A lock file that is understood. */
export interface Lock {
  readonly path: string;
  /** Whether it is in the place of engines before 1.0, which read it only when they are told to. */
  readonly isLegacy: boolean;
  /** By reference. */
  readonly images: ReadonlyMap<string, readonly LockedImage[]>;
}

/** In each folder the first that is there. */
const NAMES = [
  { name: "dagger.lock", isLegacy: false },
  { name: join(".dagger", "lock"), isLegacy: true },
] as const;

const MAX_FOLDERS = 64;

/** The lock file that holds for the sessions of one working folder. */
export class LockFile {
  readonly #folders: readonly string[];
  #read:
    | { readonly path: string; readonly mark: string; readonly lock: Lock | undefined }
    | undefined;

  /** @param workdir The working folder of the CLI. */
  constructor(workdir: string) {
    this.#folders = foldersOf(workdir);
  }

  /**
   * The file as it is now; read only when it has changed. Undefined where there is none that is
   * understood and can be read. Never throws.
   */
  read(): Lock | undefined {
    for (const folder of this.#folders) {
      for (const { name, isLegacy } of NAMES) {
        const path = join(folder, name);
        const stats = statOf(path);
        if (stats?.isFile()) return this.#readFile(path, isLegacy, stats);
      }
    }
    return undefined;
  }

  #readFile(path: string, isLegacy: boolean, stats: Stats): Lock | undefined {
    const mark = markOf(stats);
    if (this.#read?.path === path && this.#read.mark === mark) return this.#read.lock;
    const text = textOf(path, stats);
    const images = text === undefined ? undefined : parseLock(text);
    const lock = images && { path, isLegacy, images: byReference(images) };
    this.#read = { path, mark, lock };
    return lock;
  }
}

/** The digest that a lock has for a tag. */
export function digestIn(lock: Lock, reference: string, platform: string): string | undefined {
  const tag = tagReference(reference) ?? "";
  return lockedImage(lock.images.get(tag) ?? [], tag, platform)?.digest;
}

function byReference(images: readonly LockedImage[]): ReadonlyMap<string, readonly LockedImage[]> {
  const found = new Map<string, LockedImage[]>();
  for (const image of images) {
    const others = found.get(image.reference);
    if (others === undefined) found.set(image.reference, [image]);
    else others.push(image);
  }
  return found;
}

/** From the working folder up to the root of its repository; itself alone where there is none. */
function foldersOf(workdir: string): readonly string[] {
  const start = absolute(workdir);
  if (start === undefined) return [];
  const folders: string[] = [];
  for (let folder = start; folders.length < MAX_FOLDERS; folder = dirname(folder)) {
    folders.push(folder);
    // In a worktree or a submodule it is a file.
    if (statOf(join(folder, ".git")) !== undefined) return folders;
    if (dirname(folder) === folder) break;
  }
  return [start];
}

/** Undefined where our own working folder is gone. */
function absolute(path: string): string | undefined {
  try {
    return resolve(path);
  } catch {
    return undefined;
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function markOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

function textOf(path: string, { size }: Stats): string | undefined {
  if (size > MAX_LOCK_BYTES) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
