/** The fields of `Container` for its files. */

import { existsSync } from "node:fs";
import type { Arguments, TypeResolvers } from "../../engine/resolver.js";
import { type Change, changedTree, type Located } from "../../engine/tree.js";
import type { ContainerValue, FileValue } from "../../engine/values.js";
import { absolutePath, claimOf, isClaimed } from "../../files/container-paths.js";
import { directoryAdded, fileAdded, newFileAdded, removed } from "../changes.js";
import { directoryAt, existsAt, fileAt, inside, removeAt, sought } from "../places.js";
import { changed, pathOf, placeOf, withClaim } from "./container-value.js";

/** Returns a container with a change at `place`. The container then owns that path. */
function withChange(
  container: ContainerValue,
  place: string,
  change: Change,
  claimed: "the place" | "what is new" = "what is new",
): ContainerValue {
  const path = absolutePath(place, "/");
  const claim = claimed === "the place" ? path : claimOf(path, existsSync);
  return changed(container, {
    claims: withClaim(container.claims, claim),
    rootfs: changedTree(container.rootfs, change),
  });
}

function withDirectory(container: ContainerValue, args: Arguments): ContainerValue {
  const path = pathOf(container, args);
  return withChange(container, path, directoryAdded(path, args), "the place");
}

/** Adds a directory in the place of all files that were there. */
function withMountedDirectory(container: ContainerValue, args: Arguments): ContainerValue {
  const path = pathOf(container, args);
  const { identity, apply } = directoryAdded(path, args);
  const mount: Change = {
    identity: ["mount", ...identity],
    apply: async (folder, work) => {
      await removeAt(folder, path);
      await apply(folder, work);
    },
  };
  return withChange(container, path, mount, "the place");
}

function withOneFile(container: ContainerValue, args: Arguments): ContainerValue {
  const place = placeOf(container, args, args.text("path"));
  const source = args.object<FileValue>("source", "File");
  return withChange(container, place, fileAdded(place, source, args));
}

function withSeveralFiles(container: ContainerValue, args: Arguments): ContainerValue {
  const folder = pathOf(container, args);
  return args.objects<FileValue>("sources", "File").reduce((before, source) => {
    const place = absolutePath(source.name, folder);
    return withChange(before, place, fileAdded(place, source, args));
  }, container);
}

function withNewFile(container: ContainerValue, args: Arguments): ContainerValue {
  const path = pathOf(container, args);
  return withChange(container, path, newFileAdded(path, args));
}

/** Removes a path, if the container owns it. Paths of the host stay. */
function without(container: ContainerValue, path: string): ContainerValue {
  return changed(container, { rootfs: changedTree(container.rootfs, removed(path)) });
}

/** Returns the folder in which a path is looked for: the container's own, or the root of the host. */
function around({ rootfs, claims }: ContainerValue, path: string): Located {
  return {
    key: rootfs.key,
    async locate(work) {
      const own = await rootfs.locate(work);
      return isClaimed(path, claims) || existsSync(inside(own, path)) ? own : "/";
    },
  };
}

export const containerFileResolvers: TypeResolvers<ContainerValue> = {
  withFile: withOneFile,
  withFiles: withSeveralFiles,
  withNewFile,
  withMountedFile: withOneFile,
  withMountedDirectory,
  withDirectory,
  withoutFile: (container, args) => without(container, pathOf(container, args)),
  withoutDirectory: (container, args) => without(container, pathOf(container, args)),
  withoutFiles: (container, args) =>
    args
      .texts("paths")
      .reduce((before, path) => without(before, placeOf(before, args, path)), container),
  directory: (container, args, work) => {
    const path = pathOf(container, args);
    return sought(directoryAt(around(container, path), path), work);
  },
  file: (container, args, work) => {
    const path = pathOf(container, args);
    return sought(fileAt(around(container, path), path), work);
  },
  exists: async (container, args, work) => {
    const path = pathOf(container, args);
    return existsAt(await around(container, path).locate(work), path, args);
  },
  rootfs: (container) => directoryAt(container.rootfs, "/"),
};
