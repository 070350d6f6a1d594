/** The folder for all files of a double, with operations on files. */

import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  type Dirent,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from "node:fs";
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  rmdir,
  stat,
  symlink,
  unlink,
  utimes,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "../faults/wire-errors.js";
import { atExit } from "./exit-cleanup.js";
import type { PathFilter } from "./globs.js";

/** A folder in the system's temporary folder. It exists until `remove()`. */
export class Scratch {
  /** The path of the folder, without symbolic links. */
  readonly folder: string;
  #next = 0;
  readonly #notAtExit = atExit(() => this.#removeNow());

  constructor() {
    this.folder = mkdtempSync(join(realpathSync(tmpdir()), "dagger-session-double-"));
  }

  /** Creates a new empty folder inside. */
  async newFolder(purpose: string): Promise<string> {
    this.#next += 1;
    const folder = join(this.folder, `${purpose}-${this.#next}`);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  async remove(): Promise<void> {
    try {
      await rm(this.folder, REMOVAL);
    } catch {
      this.#removeNow();
    }
    this.#notAtExit();
  }

  /** Makes folders writable before it removes them: tools leave read-only ones, which cannot be removed. */
  #removeNow(): void {
    try {
      rmSync(this.folder, REMOVAL);
    } catch {
      makeWritable(this.folder);
      rmSync(this.folder, REMOVAL);
    }
  }
}

const REMOVAL = { recursive: true, force: true, maxRetries: 3 };

function makeWritable(folder: string): void {
  chmodSync(folder, 0o700);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) makeWritable(join(folder, entry.name));
  }
}

/** The options of a copy. */
export interface CopyOptions {
  /** Selects which paths of a folder are copied. Default: all. */
  readonly filter?: PathFilter;
  /** Stops copying a folder. */
  readonly signal?: AbortSignal;
}

/**
 * Copies a file to `target`, or the content of a folder into the existing folder `target`. Links stay
 * links; a link into the folder points to the copy. A link at the target is replaced, never followed.
 * Sockets, pipes and devices are left out.
 */
export async function copyInto(
  source: string,
  target: string,
  options: CopyOptions = {},
): Promise<void> {
  if (!(await stat(source)).isDirectory()) return copyOne(source, target);
  const { filter = () => "take", signal } = options;
  await new FolderCopy(source, target, filter, signal).copy("");
}

/** A copy of one folder, while it runs. */
class FolderCopy {
  readonly #source: string;
  readonly #target: string;
  readonly #filter: PathFilter;
  readonly #signal: AbortSignal | undefined;

  constructor(source: string, target: string, filter: PathFilter, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#target = target;
    this.#filter = filter;
    this.#signal = signal;
  }

  /** Copies the content of the folder at the relative path `inside`. */
  async copy(inside: string): Promise<void> {
    this.#signal?.throwIfAborted();
    const entries = await readdir(join(this.#source, inside), { withFileTypes: true });
    const copies = entries.map((entry) => this.#copyEntry(entry, inside));
    // Waits for all copies, even if one fails, because the folder may be removed afterwards.
    for (const copy of await Promise.allSettled(copies)) {
      if (copy.status === "rejected") throw copy.reason;
    }
  }

  async #copyEntry(entry: Dirent, inside: string): Promise<void> {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    const from = join(this.#source, path);
    const to = join(this.#target, path);
    const decision = this.#filter(path);
    if (decision === "leave") return;
    if (entry.isDirectory()) {
      const { mode } = await stat(from);
      await makeFolder(to);
      await this.copy(path);
      await chmod(to, mode);
      // Removes a folder that was only walked, if nothing in it was taken.
      if (decision === "walk") await rmdir(to).catch(() => undefined);
    } else if (decision === "walk") {
      return;
    } else if (entry.isSymbolicLink()) {
      await rm(to, { force: true });
      await symlink(this.#leadingTo(await readlink(from)), to);
    } else if (entry.isFile()) {
      await copyOne(from, to);
    }
  }

  #leadingTo(place: string): string {
    return place.startsWith(`${this.#source}/`)
      ? this.#target + place.slice(this.#source.length)
      : place;
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const there = await lstat(folder);
    if (there.isDirectory()) return;
    if (!there.isSymbolicLink()) throw error;
    await unlink(folder);
    await mkdir(folder);
  }
}

async function copyOne(source: string, target: string): Promise<void> {
  const { atime, mtime } = await stat(source);
  const mode = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL;
  try {
    await copyFile(source, target, mode);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    await unlink(target);
    await copyFile(source, target, mode);
  }
  // Keeps the times of the file, because build tools depend on them.
  await utimes(target, atime, mtime);
}

/** Returns the names in a folder. Names of folders end in a slash, as in engines. */
export async function listEntries(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Returns a digest of a folder: of names, kinds, permissions and contents. */
export async function folderDigest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  await digestFolder(folder, "", (text) => hash.update(text));
  return hash.digest("hex");
}

async function digestFolder(
  folder: string,
  inside: string,
  add: (text: string | Uint8Array) => unknown,
): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const name = `${inside}/${entry.name}`;
    if (entry.isDirectory()) {
      add(`\0folder ${name}`);
      await digestFolder(path, name, add);
    } else if (entry.isSymbolicLink()) {
      add(`\0link ${name} ${await readlink(path)}`);
    } else {
      add(`\0file ${name} ${(await stat(path)).mode}`);
      add(
        createHash("sha256")
          .update(await readFile(path))
          .digest(),
      );
    }
  }
}

/** Returns a key for some content. Equal parts give equal keys. */
export function contentKey(...parts: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
