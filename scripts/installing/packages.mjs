/** Installs the packages of a folder by its lock file, when they are missing or older than it. */

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Resolves to whether something had to be installed. No package needs an install script here, and
 * theirs could do anything, so none runs. Rejects with what npm printed.
 */
export async function installPackages(folder) {
  // npm writes this file last.
  const installed = await changedAt(join(folder, "node_modules", ".package-lock.json"));
  if (installed >= (await changedAt(join(folder, "package-lock.json")))) return false;
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const shell = process.platform === "win32";
  await execute("npm", ["ci", "--ignore-scripts", ...quiet], { cwd: folder, shell }).catch(
    (error) => {
      throw new Error(`npm ci failed in ${folder}:\n${error.stdout ?? ""}${error.stderr ?? error}`);
    },
  );
  return true;
}

/** Returns when a file was changed, in milliseconds since 1970; 0 for a missing file. */
export async function changedAt(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}
