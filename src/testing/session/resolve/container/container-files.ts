/** The fields of `Container` for its files. */

import { existsSync } from "node:fs";
import type { Work } from "../../engine/context.js";
import type { Arguments, TypeResolvers } from "../../engine/resolver.js";
import { changedTree } from "../../engine/tree.js";
import type { ContainerValue, DirectoryValue, FileValue } from "../../engine/values.js";
import { absolutePath, claimOf, isClaimed } from "../../files/container-paths.js";
import { type Filter, TAKE_ALL } from "../../files/globs.js";
import {
  copyDirectoryAt,
  copyFileAt,
  directoryAt,
  existsAt,
  fileAt,
  inside,
  removeAt,
  sought,
  writeAt,
} from "../places.js";
import { changed, pathOf, placeOf, withClaim } from "./container-value.js";

/** Returns a container with a change at `place`. The container then owns that path. */
function withFiles(
  container: ContainerValue,
  place: string,
  change: readonly unknown[],
  apply: (folder: string, work: Work) => Promise<void>,
  claimed: "the place" | "what is new" = "what is new",
): ContainerValue {
  const path = absolutePath(place, "/");
  const claim = claimed === "the place" ? path : claimOf(path, existsSync);
  return changed(container, {
    claims: withClaim(container.claims, claim),
    rootfs: changedTree(container.rootfs, [place, ...change], apply),
  });
}

function withDirectory(
  container: ContainerValue,
  args: Arguments,
  filter: Filter,
  kind: "copy" | "mount",
): ContainerValue {
  const source = args.object<DirectoryValue>("source", "Directory");
  const path = pathOf(container, args);
  return withFiles(
    container,
    path,
    [kind, source.key, filter],
    async (folder, work) => {
      if (kind === "mount") await removeAt(folder, path);
      await copyDirectoryAt(folder, path, source, filter, work);
    },
    "the place",
  );
}

function withFile(
  container: ContainerValue,
  args: Arguments,
  place: string,
  source: FileValue,
): ContainerValue {
  const permissions = args.optionalNumber("permissions");
  return withFiles(
    container,
    place,
    ["file", source.key, source.name, permissions],
    (folder, work) => copyFileAt(folder, place, source, permissions, work),
  );
}

function withOneFile(container: ContainerValue, args: Arguments): ContainerValue {
  const place = placeOf(container, args, args.text("path"));
  return withFile(container, args, place, args.object<FileValue>("source", "File"));
}

function withSeveralFiles(container: ContainerValue, args: Arguments): ContainerValue {
  const folder = pathOf(container, args);
  return args.objects<FileValue>("sources", "File").reduce((before, source) => {
    return withFile(before, args, absolutePath(source.name, folder), source);
  }, container);
}

function withNewFile(container: ContainerValue, args: Arguments): ContainerValue {
  const path = pathOf(container, args);
  const contents = args.text("contents");
  const permissions = args.optionalNumber("permissions") ?? 0o644;
  return withFiles(container, path, ["new file", contents, permissions], (folder) =>
    writeAt(folder, path, contents, permissions),
  );
}

/** Removes a path, if the container owns it. Paths of the host stay. */
function without(container: ContainerValue, path: string): ContainerValue {
  return changed(container, {
    rootfs: changedTree(container.rootfs, ["without", path], (folder) => removeAt(folder, path)),
  });
}

/** Returns the folder that contains an absolute path: the container's own, or the root of the host. */
export async function folderOf(
  container: ContainerValue,
  path: string,
  work: Work,
): Promise<string> {
  const own = await container.rootfs.folder(work);
  return isClaimed(path, container.claims) || existsSync(inside(own, path)) ? own : "/";
}

function directory(
  container: ContainerValue,
  args: Arguments,
  work: Work,
): Promise<DirectoryValue> {
  const path = pathOf(container, args);
  const folder = (inner: Work) => folderOf(container, path, inner);
  return sought(directoryAt(container.rootfs.key, path, folder), work);
}

function file(container: ContainerValue, args: Arguments, work: Work): Promise<FileValue> {
  const path = pathOf(container, args);
  const folder = (inner: Work) => folderOf(container, path, inner);
  return sought(fileAt(container.rootfs.key, path, folder), work);
}

export const containerFileResolvers: TypeResolvers<ContainerValue> = {
  withFile: withOneFile,
  withFiles: withSeveralFiles,
  withNewFile,
  withMountedFile: withOneFile,
  withMountedDirectory: (container, args) => withDirectory(container, args, TAKE_ALL, "mount"),
  withDirectory: (container, args) => {
    const filter = { include: args.texts("include"), exclude: args.texts("exclude") };
    return withDirectory(container, args, filter, "copy");
  },
  withoutFile: (container, args) => without(container, pathOf(container, args)),
  withoutDirectory: (container, args) => without(container, pathOf(container, args)),
  withoutFiles: (container, args) =>
    args
      .texts("paths")
      .reduce((before, path) => without(before, placeOf(before, args, path)), container),
  directory,
  file,
  exists: async (container, args, work) => {
    const path = pathOf(container, args);
    return existsAt(await folderOf(container, path, work), path, args);
  },
  rootfs: (container) => directoryAt(container.rootfs.key, "/", container.rootfs.folder),
};
