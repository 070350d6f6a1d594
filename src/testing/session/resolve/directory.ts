/** The fields of `Directory` and `File`. */

import { createHash } from "node:crypto";
import { lstat, readdir, readFile, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import type { Arguments, TypeResolvers } from "../engine/resolver.js";
import {
  type Change,
  changedTree,
  derivedTree,
  EMPTY_TREE,
  steppedTree,
  type Tree,
} from "../engine/tree.js";
import type { DirectoryValue, FileValue } from "../engine/values.js";
import { matchesGlob } from "../files/globs.js";
import { contentKey, folderDigest, listEntries } from "../files/scratch.js";
import { directoryAdded, fileAdded, newFileAdded, removed } from "./changes.js";
import { exportDirectory, exportFile } from "./export.js";
import {
  copyDirectoryAt,
  directoryAt,
  existsAt,
  fileAt,
  makeFolderAt,
  sought,
  writeAt,
} from "./places.js";

/** Returns a directory with the content of a whole tree. */
export function treeDirectory(tree: Tree): DirectoryValue {
  return { ...directoryAt(tree, "/"), wholeTree: tree };
}

export const EMPTY_DIRECTORY: DirectoryValue = treeDirectory(EMPTY_TREE);

export function newFile(name: string, contents: string, permissions: number): FileValue {
  const tree = derivedTree(contentKey("new file", name, contents, permissions), (folder) =>
    writeAt(folder, name, contents, permissions),
  );
  return fileAt(tree, name);
}

function withChange(directory: DirectoryValue, change: Change): DirectoryValue {
  return treeDirectory(changedTree(directory.wholeTree ?? steppedTree(directory), change));
}

function withSeveralFiles(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const sources = args.objects<FileValue>("sources", "File");
  return sources.reduce(
    (before, source) => withChange(before, fileAdded(`${args.text("path")}/`, source, args)),
    directory,
  );
}

function withNewDirectory(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const path = args.text("path");
  const permissions = args.optionalNumber("permissions");
  return withChange(directory, {
    identity: ["new directory", path, permissions],
    apply: async (folder) => {
      await makeFolderAt(folder, path, permissions);
    },
  });
}

function without(directory: DirectoryValue, path: string): DirectoryValue {
  return withChange(directory, removed(path));
}

function filtered(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const filter = args.filter();
  const key = contentKey("filter", directory.key, filter);
  return treeDirectory(
    derivedTree(key, (folder, work) => copyDirectoryAt(folder, "/", directory, filter, work)),
  );
}

/** Returns the paths inside a folder that match a pattern. Paths of folders end in a slash. */
async function glob(folder: string, pattern: string, inner = ""): Promise<string[]> {
  const entries = await readdir(join(folder, inner), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of entries) {
    const path = posix.join(inner, entry.name);
    if (matchesGlob(pattern, path)) found.push(entry.isDirectory() ? `${path}/` : path);
    if (entry.isDirectory()) found.push(...(await glob(folder, pattern, path)));
  }
  return found;
}

async function fileDigest(path: string, excludeMetadata: boolean): Promise<string> {
  const { mode } = await lstat(path);
  const hash = createHash("sha256").update(await readFile(path));
  return `sha256:${hash.update(excludeMetadata ? "" : String(mode)).digest("hex")}`;
}

/** Returns the lines of a text that the arguments `offsetLines` and `limitLines` select. */
function someLines(text: string, args: Arguments): string {
  const offset = args.optionalNumber("offsetLines") ?? 0;
  const limit = args.optionalNumber("limitLines");
  if (offset === 0 && limit === undefined) return text;
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.slice(offset, limit === undefined ? undefined : offset + limit).join("");
}

export const directoryResolvers: TypeResolvers<DirectoryValue> = {
  withDirectory: (directory, args) =>
    withChange(directory, directoryAdded(args.text("path"), args)),
  withFile: (directory, args) => {
    const source = args.object<FileValue>("source", "File");
    return withChange(directory, fileAdded(args.text("path"), source, args));
  },
  withFiles: withSeveralFiles,
  withNewFile: (directory, args) => withChange(directory, newFileAdded(args.text("path"), args)),
  withNewDirectory,
  withoutDirectory: (directory, args) => without(directory, args.text("path")),
  withoutFile: (directory, args) => without(directory, args.text("path")),
  withoutFiles: (directory, args) => args.texts("paths").reduce(without, directory),
  filter: filtered,
  name: (directory) => directory.name,
  digest: async (directory, _, work) =>
    `sha256:${await folderDigest(await directory.locate(work))}`,
  exists: async (directory, args, work) =>
    existsAt(await directory.locate(work), args.text("path"), args),
  glob: async (directory, args, work) => glob(await directory.locate(work), args.text("pattern")),
  directory: (directory, args, work) => sought(directoryAt(directory, args.text("path")), work),
  file: (directory, args, work) => sought(fileAt(directory, args.text("path")), work),
  entries: async (directory, args, work) => {
    const path = args.optionalText("path");
    const listed = path === undefined ? directory : directoryAt(directory, path);
    return listEntries(await listed.locate(work));
  },
  export: (directory, args, work) =>
    exportDirectory(directory, args.text("path"), args.flag("wipe"), work),
  sync: async (directory, _, work) => {
    await directory.locate(work);
    return work.session.idOf(directory);
  },
};

export const fileResolvers: TypeResolvers<FileValue> = {
  contents: async (file, args, work) =>
    someLines(await readFile(await file.locate(work), "utf8"), args),
  digest: async (file, args, work) =>
    fileDigest(await file.locate(work), args.flag("excludeMetadata")),
  withName: (file, args) => {
    const name = posix.basename(args.text("name"));
    return { ...file, key: contentKey("named", file.key, name), name };
  },
  size: async (file, _, work) => (await stat(await file.locate(work))).size,
  name: (file) => file.name,
  export: (file, args, work) =>
    exportFile(file, args.text("path"), args.flag("allowParentDirPath"), work),
  sync: async (file, _, work) => {
    await file.locate(work);
    return work.session.idOf(file);
  },
};
