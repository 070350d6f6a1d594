/** The fields of `Directory` and `File`. */

import { readFile, stat } from "node:fs/promises";
import { contentKey, listEntries } from "../scratch.js";
import { changedTree, derivedTree, EMPTY_TREE, steppedTree, type Tree } from "../tree.js";
import type { DirectoryValue, FileValue } from "../values.js";
import { exportDirectory, exportFile } from "./export.js";
import {
  copyDirectoryAt,
  copyFileAt,
  directoryAt,
  fileAt,
  makeFolderAt,
  removeAt,
  sought,
  writeAt,
} from "./places.js";
import type { Arguments, TypeResolvers } from "./resolver.js";

/** The trees behind directories that are whole trees, so that a chain copies its files only once. */
const wholeTrees = new WeakMap<DirectoryValue, Tree>();

/** A directory that is the whole of a tree. */
export function treeDirectory(tree: Tree): DirectoryValue {
  const directory = directoryAt(tree.key, "/", tree.folder);
  wholeTrees.set(directory, tree);
  return directory;
}

/** A directory with nothing in it. */
export const EMPTY_DIRECTORY: DirectoryValue = treeDirectory(EMPTY_TREE);

/** A file with these contents. */
export function newFile(name: string, contents: string, permissions: number): FileValue {
  const tree = derivedTree(contentKey("new file", name, contents, permissions), (folder) =>
    writeAt(folder, name, contents, permissions),
  );
  return fileAt(tree.key, name, tree.folder);
}

function withChange(
  directory: DirectoryValue,
  change: readonly unknown[],
  apply: Parameters<typeof changedTree>[2],
): DirectoryValue {
  const base =
    wholeTrees.get(directory) ?? steppedTree(directory.key, (work) => directory.locate(work));
  return treeDirectory(changedTree(base, change, apply));
}

function withDirectory(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const source = args.object<DirectoryValue>("source", "Directory");
  const path = args.text("path");
  const filter = { include: args.texts("include"), exclude: args.texts("exclude") };
  return withChange(directory, ["directory", path, source.key, filter], (folder, work) =>
    copyDirectoryAt(folder, path, source, filter, work),
  );
}

function withFile(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const source = args.object<FileValue>("source", "File");
  const path = args.text("path");
  const permissions = args.optionalNumber("permissions");
  const change = ["file", path, source.key, source.name, permissions];
  return withChange(directory, change, (folder, work) =>
    copyFileAt(folder, path, source, permissions, work),
  );
}

function withNewFile(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const path = args.text("path");
  const contents = args.text("contents");
  const permissions = args.optionalNumber("permissions") ?? 0o644;
  return withChange(directory, ["new file", path, contents, permissions], (folder) =>
    writeAt(folder, path, contents, permissions),
  );
}

function without(directory: DirectoryValue, args: Arguments): DirectoryValue {
  const path = args.text("path");
  return withChange(directory, ["without", path], (folder) => removeAt(folder, path));
}

/** The resolvers of `Directory`. */
export const directoryResolvers: TypeResolvers<DirectoryValue> = {
  withDirectory,
  withFile,
  withNewFile,
  withoutDirectory: without,
  withoutFile: without,
  withNewDirectory: (directory, args) => {
    const path = args.text("path");
    return withChange(directory, ["new directory", path], async (folder) => {
      await makeFolderAt(folder, path);
    });
  },
  directory: (directory, args, work) =>
    sought(
      directoryAt(directory.key, args.text("path"), (inner) => directory.locate(inner)),
      work,
    ),
  file: (directory, args, work) =>
    sought(
      fileAt(directory.key, args.text("path"), (inner) => directory.locate(inner)),
      work,
    ),
  entries: async (directory, args, work) => {
    const path = args.optionalText("path");
    const listed =
      path === undefined
        ? directory
        : directoryAt(directory.key, path, (inner) => directory.locate(inner));
    return listEntries(await listed.locate(work));
  },
  export: (directory, args, work) =>
    exportDirectory(directory, args.text("path"), args.flag("wipe"), work),
  sync: async (directory, _, work) => {
    await directory.locate(work);
    return work.session.idOf(directory);
  },
};

/** The resolvers of `File`. */
export const fileResolvers: TypeResolvers<FileValue> = {
  contents: async (file, _, work) => readFile(await file.locate(work), "utf8"),
  size: async (file, _, work) => (await stat(await file.locate(work))).size,
  name: (file) => file.name,
  export: (file, args, work) =>
    exportFile(file, args.text("path"), args.flag("allowParentDirPath"), work),
  sync: async (file, _, work) => {
    await file.locate(work);
    return work.session.idOf(file);
  },
};
