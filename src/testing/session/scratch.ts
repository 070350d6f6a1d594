/** The folder under which all files of a double live, and the few things done with files in it. */

import { createHash } from "node:crypto";
import { constants, mkdtempSync, realpathSync, rmSync } from "node:fs";
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  rmdir,
  stat,
  symlink,
  utimes,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./exit-cleanup.js";
import type { PathFilter } from "./globs.js";

/** A folder of its own under the system's temporary folder, gone after `remove()`. */
export class Scratch {
  /** The folder, without symbolic links in its path. */
  readonly folder: string;
  #next = 0;
  readonly #notAtExit = atExit(() =>
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 }),
  );

  constructor() {
    this.folder = mkdtempSync(join(realpathSync(tmpdir()), "dagger-session-double-"));
  }

  /** A new empty folder. */
  async newFolder(purpose: string): Promise<string> {
    this.#next += 1;
    const folder = join(this.folder, `${purpose}-${this.#next}`);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Removes all. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    this.#notAtExit();
  }
}

/**
 * Copies a file to `target`, or what is in a folder into the folder `target`, which must be there.
 * Links stay links; sockets, pipes and devices are left out.
 */
export async function copyInto(
  source: string,
  target: string,
  filter: PathFilter = () => "take",
): Promise<void> {
  if ((await stat(source)).isDirectory()) await copyFolder(source, target, "", filter);
  else await copyOne(source, target);
}

async function copyFolder(
  source: string,
  target: string,
  inside: string,
  filter: PathFilter,
): Promise<void> {
  const entries = await readdir(source, { withFileTypes: true });
  const copies = entries.map(async (entry) => {
    const path = inside === "" ? entry.name : `${inside}/${entry.name}`;
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    const decision = filter(path);
    if (decision === "leave") return;
    if (entry.isDirectory()) {
      const { mode } = await stat(from);
      await mkdir(to, { recursive: true });
      await copyFolder(from, to, path, filter);
      await chmod(to, mode);
      // What was only walked stays when something in it was taken.
      if (decision === "walk") await rmdir(to).catch(() => undefined);
    } else if (decision === "walk") {
      return;
    } else if (entry.isSymbolicLink()) {
      await rm(to, { force: true });
      await symlink(await readlink(from), to);
    } else if (entry.isFile()) {
      await copyOne(from, to);
    }
  });
  // All must have ended before anybody removes the folder.
  for (const copy of await Promise.allSettled(copies)) {
    if (copy.status === "rejected") throw copy.reason;
  }
}

async function copyOne(source: string, target: string): Promise<void> {
  const { atime, mtime } = await stat(source);
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  // Build tools go by the time of a file.
  await utimes(target, atime, mtime);
}

/** The names in a folder, folders with a slash at the end, as engines list them. */
export async function listEntries(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** A digest of all that is in a folder: names, kinds, permissions and contents. */
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

/** A key for content: equal parts, equal key. */
export function contentKey(...parts: unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
