/** The changes that the API makes to the files of a directory or of a container. */

import type { Arguments } from "../engine/resolver.js";
import type { Change } from "../engine/tree.js";
import type { DirectoryValue, FileValue } from "../engine/values.js";
import { copyDirectoryAt, copyFileAt, removeAt, writeAt } from "./places.js";

/** Adds the directory in the argument `source`, as far as the arguments `include` and `exclude` select it. */
export function directoryAdded(path: string, args: Arguments): Change {
  const source = args.object<DirectoryValue>("source", "Directory");
  const filter = args.filter();
  return {
    identity: ["directory", path, source.key, filter],
    apply: (folder, work) => copyDirectoryAt(folder, path, source, filter, work),
  };
}

export function fileAdded(path: string, source: FileValue, args: Arguments): Change {
  const permissions = args.optionalNumber("permissions");
  return {
    identity: ["file", path, source.key, source.name, permissions],
    apply: (folder, work) => copyFileAt(folder, path, source, permissions, work),
  };
}

/** Adds a file with the text in the argument `contents`. */
export function newFileAdded(path: string, args: Arguments): Change {
  const contents = args.text("contents");
  const permissions = args.optionalNumber("permissions") ?? 0o644;
  return {
    identity: ["new file", path, contents, permissions],
    apply: (folder) => writeAt(folder, path, contents, permissions),
  };
}

export function removed(path: string): Change {
  return { identity: ["without", path], apply: (folder) => removeAt(folder, path) };
}
