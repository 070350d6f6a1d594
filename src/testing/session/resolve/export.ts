/** `export`: writes real files and folders on the host. */

import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import type { Work } from "../engine/context.js";
import { meetFaults, requireCaller } from "../engine/meet-faults.js";
import type { ContainerValue, DirectoryValue, FileValue } from "../engine/values.js";
import { EngineError, systemErrorText } from "../faults/wire-errors.js";
import { stepsTo } from "../files/container-paths.js";
import { copyInto } from "../files/scratch.js";
import { runExec } from "./container/container-exec.js";

export async function exportFile(
  file: FileValue,
  path: string,
  allowParentDirPath: boolean,
  work: Work,
): Promise<string> {
  const given = await begin(path, work);
  const source = await file.locate(work);
  const target = allowParentDirPath && (await isFolder(given)) ? join(given, file.name) : given;
  await writing(dirname(target), () => copyInto(source, target));
  return target;
}

/** Writes the content of a directory to the host. */
export async function exportDirectory(
  directory: DirectoryValue,
  path: string,
  wipe: boolean,
  work: Work,
): Promise<string> {
  const target = await begin(path, work);
  const source = await directory.locate(work);
  if (wipe) await empty(target, work);
  await writing(target, () => copyInto(source, target, { signal: work.signal }));
  return target;
}

/**
 * Removes the content of a folder but not the folder, which may be the working folder of a process. It
 * rejects folders that no test wants to lose, such as the home folder.
 */
async function empty(folder: string, work: Work): Promise<void> {
  const kept = [homedir(), dirname(work.engine.settings.workdir)];
  if (folder === sep || kept.some((place) => `${place}${sep}`.startsWith(`${folder}${sep}`))) {
    throw new EngineError(
      `the session double does not wipe ${folder}: the home or working directory is in it`,
    );
  }
  if (!(await isFolder(folder))) return;
  const names = await readdir(folder);
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** Writes a container to the host: a folder with its files and its configuration. */
export async function exportContainer(
  container: ContainerValue,
  path: string,
  work: Work,
): Promise<string> {
  const target = await begin(path, work);
  await writing(target, () => writeContainer(container, target, work));
  return target;
}

/** Writes `rootfs/` and `config.json` into a folder. Secrets are left out, as in a real image. */
export async function writeContainer(
  container: ContainerValue,
  target: string,
  work: Work,
): Promise<void> {
  if (container.lastExec !== undefined) await runExec(container.lastExec, work);
  await mkdir(join(target, "rootfs"), { recursive: true });
  await copyInto(await container.rootfs.locate(work), join(target, "rootfs"), {
    signal: work.signal,
  });
  const config = {
    image: container.image?.reference.full ?? null,
    platform: container.platform,
    env: container.environment.map(({ name, value }) => `${name}=${value}`),
    workdir: container.workdir ?? "/",
    user: container.user,
    labels: Object.fromEntries(container.labels.map(({ name, value }) => [name, value])),
    entrypoint: container.entrypoint,
    args: container.defaultArgs,
  };
  await writeFile(join(target, "config.json"), `${JSON.stringify(config, null, 2)}\n`);
}

async function begin(path: string, work: Work): Promise<string> {
  const target = resolve(work.engine.settings.workdir, path);
  await requireCaller(work);
  await meetFaults(work, { operation: "export", hosts: [], text: target });
  return target;
}

/** Creates a folder and writes into it. The errors of the system become those of an engine. */
async function writing(folder: string, write: () => Promise<void>): Promise<void> {
  await makeFolders(folder);
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new EngineError(
      `rpc error: code = Unknown desc = failed to write to ${folder}: ${systemErrorText(error)}`,
      { traced: true },
    );
  }
}

/** Creates a folder with its parents. Node's own recursive `mkdir` never returns for a path in `/proc`. */
async function makeFolders(folder: string): Promise<void> {
  for (const step of stepsTo(folder)) {
    try {
      await mkdir(step);
    } catch (error) {
      if (await isFolder(step)) continue;
      throw new EngineError(
        `rpc error: code = Unknown desc = failed to create synctarget dest dir ${folder}: mkdir ${step}: ${systemErrorText(error)}`,
        { traced: true },
      );
    }
  }
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
