/** Makes the double's values of files and directories, and reads, writes and copies at a path inside a tree. */

import { chmod, lstat, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import type { Work } from "../engine/context.js";
import type { Arguments } from "../engine/resolver.js";
import type { Located } from "../engine/tree.js";
import type { DirectoryValue, FileValue } from "../engine/values.js";
import { EngineError, errorCode, systemErrorText } from "../faults/wire-errors.js";
import { type Filter, pathFilter } from "../files/globs.js";
import { placeIn } from "../files/place-in.js";
import { contentKey, copyInto } from "../files/scratch.js";

/** Rejects if a file or directory is missing, but only on engine 0.19. Later engines check when it is read. */
export async function sought<V extends DirectoryValue | FileValue>(
  value: V,
  work: Work,
): Promise<V> {
  if (work.engine.isOld) await value.locate(work);
  return value;
}

/** Returns the directory at `path` inside another one. */
export function directoryAt(parent: Located, path: string): DirectoryValue {
  return {
    typeName: "Directory",
    key: contentKey("directory", parent.key, path),
    name: `${posix.basename(posix.resolve("/", path))}/`,
    locate: async (work) => located(await parent.locate(work), path, "directory"),
  };
}

/** Returns the file at `path` inside a directory. */
export function fileAt(parent: Located, path: string): FileValue {
  return {
    typeName: "File",
    key: contentKey("file", parent.key, path),
    name: posix.basename(path),
    locate: async (work) => located(await parent.locate(work), path, "file"),
  };
}

async function located(
  folder: string,
  path: string,
  wanted: "file" | "directory",
): Promise<string> {
  const target = inside(folder, path);
  const shown = posix.resolve("/", path);
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(target);
  } catch (error) {
    throw new EngineError(`stat ${shown}: ${systemErrorText(error)}`, { traced: true });
  }
  if (found.isDirectory() === (wanted === "directory")) return target;
  const reason = wanted === "file" ? "is a directory, not a file" : "is a file, not a directory";
  throw new EngineError(`path ${shown} ${reason}`, { traced: true });
}

/**
 * Returns the real path of `path` inside a folder, for reading; `..` does not leave the folder. For
 * writing, use `placeIn`.
 */
export function inside(folder: string, path: string): string {
  return join(folder, posix.resolve("/", path));
}

/** Creates a folder and its missing parents. */
export async function makeFolderAt(
  folder: string,
  path: string,
  permissions?: number,
): Promise<string> {
  const target = await placeIn(folder, path);
  await mkdir(target, { recursive: true });
  if (permissions !== undefined) await chmod(target, permissions);
  return target;
}

export async function writeAt(
  folder: string,
  path: string,
  contents: string | Uint8Array,
  permissions: number,
): Promise<void> {
  const target = await placeIn(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, contents);
  await chmod(target, permissions);
}

/** Copies a file to a path. If the path is a directory or ends in a slash, the file keeps its name inside. */
export async function copyFileAt(
  folder: string,
  path: string,
  source: FileValue,
  permissions: number | undefined,
  work: Work,
): Promise<void> {
  const intoFolder = path.endsWith("/") || (await isFolder(await placeIn(folder, path)));
  const target = await placeIn(folder, intoFolder ? `${path}/${basename(source.name)}` : path);
  await mkdir(dirname(target), { recursive: true });
  await copyInto(await source.locate(work), target);
  if (permissions !== undefined) await chmod(target, permissions);
}

/** Copies the content of a directory to a path. */
export async function copyDirectoryAt(
  folder: string,
  path: string,
  source: DirectoryValue,
  filter: Filter,
  work: Work,
): Promise<void> {
  const target = await makeFolderAt(folder, path);
  const options = { filter: pathFilter(filter), signal: work.signal };
  await copyInto(await source.locate(work), target, options);
}

/** Removes what is at a path, if anything. */
export async function removeAt(folder: string, path: string): Promise<void> {
  const target = await placeIn(folder, path, "kept");
  if (target === inside(folder, "/")) return;
  await rm(target, { recursive: true, force: true });
}

/** Returns whether something exists at a path, of the type that the arguments ask for. */
export async function existsAt(folder: string, path: string, args: Arguments): Promise<boolean> {
  const expected = args.optionalText("expectedType");
  const look = args.flag("doNotFollowSymlinks") || expected === "SYMLINK_TYPE" ? lstat : stat;
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await look(inside(folder, path));
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
    throw error;
  }
  switch (expected) {
    case "REGULAR_TYPE":
      return found.isFile();
    case "DIRECTORY_TYPE":
      return found.isDirectory();
    case "SYMLINK_TYPE":
      return found.isSymbolicLink();
    default:
      return true;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return false;
      throw error;
    },
  );
}
