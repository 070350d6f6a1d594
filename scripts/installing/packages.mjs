/** Installs the packages of a folder by its lock file, when they are missing or older than that file. */

import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Installs the packages of a folder. Resolves to whether anything had to be installed. Rejects with the
 * output of npm. Install scripts do not run: no package needs its script, and a script could do anything.
 */
export async function installPackages(folder) {
  // npm writes this file last, so it shows that the installation is complete.
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

/** Returns when a file was last changed, in milliseconds since 1970. Returns 0 when the file is missing. */
export async function changedAt(path) {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
}
