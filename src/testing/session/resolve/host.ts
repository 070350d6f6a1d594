/** The fields of `Host`: files of this machine, copied when they are requested. */

import { lstat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Work } from "../engine/context.js";
import { meetFaults, requireCaller } from "../engine/meet-faults.js";
import type { Arguments, TypeResolvers } from "../engine/resolver.js";
import type { DirectoryValue, FileValue, HostValue } from "../engine/values.js";
import { EngineError, systemErrorText } from "../faults/wire-errors.js";
import { stepsTo } from "../files/container-paths.js";
import { pathFilter } from "../files/globs.js";
import { contentKey, copyInto, folderDigest } from "../files/scratch.js";

async function directory(_: HostValue, args: Arguments, work: Work): Promise<DirectoryValue> {
  const path = await begin(args, work);
  await requireAll(path, work);
  const copy = await work.engine.scratch.newFolder("host");
  await copyInto(path, copy, { filter: pathFilter(args.filter()), signal: work.signal });
  const key = contentKey("host directory", await folderDigest(copy));
  return { typeName: "Directory", key, name: "/", locate: async () => copy };
}

async function file(_: HostValue, args: Arguments, work: Work): Promise<FileValue> {
  const path = await begin(args, work);
  await requireAll(dirname(path), work);
  await requireAll(path, work);
  const name = basename(path);
  const folder = await work.engine.scratch.newFolder("host");
  const copy = join(folder, name);
  await copyInto(path, copy);
  const key = contentKey("host file", name, await folderDigest(folder));
  return { typeName: "File", key, name, locate: async () => copy };
}

async function begin(args: Arguments, work: Work): Promise<string> {
  const path = resolve(work.engine.settings.workdir, args.text("path"));
  await requireCaller(work);
  await meetFaults(work, { operation: "host", hosts: [], text: path });
  return path;
}

/** Throws if a folder on the path is missing. The error names the first that is missing. */
async function requireAll(path: string, work: Work): Promise<void> {
  for (const step of stepsTo(path)) {
    try {
      await lstat(step);
    } catch (error) {
      const frame = work.engine.isOld
        ? "failed to get content hash: failed to get directory: "
        : "";
      throw new EngineError(
        `${frame}failed to get snapshot: failed to snapshot: failed to receive stat message: rpc error: code = NotFound desc = get full root path: rpc error: code = NotFound desc = eval symlinks: lstat ${step}: ${systemErrorText(error)}`,
        { traced: true },
      );
    }
  }
}

export const hostResolvers: TypeResolvers<HostValue> = { directory, file };
