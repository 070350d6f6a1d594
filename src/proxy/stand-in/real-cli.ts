/** Finds the real dagger CLI, which the stand-in replaces. */

import { accessSync, constants, readdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The error thrown if no dagger CLI is found. */
export class CliNotFoundError extends Error {
  override readonly name = "CliNotFoundError";
}

/**
 * Returns the path of the real CLI: the CLI in `DAGGER_BREAKER_CLI`, else `dagger` on `PATH`, else the
 * newest CLI that an SDK has downloaded.
 *
 * @param own The files of this package. They may be on `PATH` as `dagger`, and are skipped.
 * @throws CliNotFoundError if there is no CLI, or if `DAGGER_BREAKER_CLI` does not name a usable CLI.
 */
export function findRealCli(env: Environment, own: readonly string[]): string {
  const ourselves = new Set(own.map(realPath));
  const isOther = (path: string): boolean => isProgram(path) && !ourselves.has(realPath(path));
  const given = env.DAGGER_BREAKER_CLI ?? "";
  if (given !== "") {
    const named = candidates(given, env).find(isOther);
    if (named !== undefined) return named;
    throw new CliNotFoundError(
      `invalid DAGGER_BREAKER_CLI ${JSON.stringify(given)}: ${problemOf(candidates(given, env))}; use the path of the dagger CLI`,
    );
  }
  const found = [...candidates("dagger", env), ...downloaded(env)].find(isOther);
  if (found !== undefined) return found;
  throw new CliNotFoundError(
    "no dagger CLI was found: not in DAGGER_BREAKER_CLI, not on PATH, and no SDK has downloaded one. Install it, or set DAGGER_BREAKER_CLI",
  );
}

/**
 * Returns the paths at which a shell looks for a program: the given path, or the name in each folder of
 * `PATH`.
 */
function candidates(program: string, env: Environment): string[] {
  if (/[/\\]/.test(program)) return [program];
  const names = process.platform === "win32" ? [`${program}.exe`, program] : [program];
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name)));
}

/** Returns the CLIs that SDKs have downloaded, such as `dagger-0.21.8`. The newest version comes first. */
function downloaded(env: Environment): string[] {
  const found = cacheFolders(env).flatMap((folder) =>
    namesIn(folder)
      .filter((name) => /^dagger-\d/.test(name))
      .map((name) => ({ name, path: join(folder, name) })),
  );
  const newest = new Intl.Collator("en", { numeric: true });
  return found.sort((one, other) => newest.compare(other.name, one.name)).map(({ path }) => path);
}

/** Returns the folders into which SDKs download CLIs. */
function cacheFolders(env: Environment): string[] {
  const home = env.HOME || homedir();
  if (process.platform === "win32") {
    const local = env.LOCALAPPDATA || join(home, "AppData", "Local");
    return [join(local, "dagger", "Cache"), join(local, "dagger"), join(local, "cache", "dagger")];
  }
  const system = process.platform === "darwin" ? [join(home, "Library", "Caches")] : [];
  return [env.XDG_CACHE_HOME || join(home, ".cache"), ...system].map((one) => join(one, "dagger"));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Returns why none of these files is the dagger CLI. */
function problemOf(paths: readonly string[]): string {
  if (paths.some(isProgram)) return "it is dagger-breaker itself";
  const found = paths.map((path) => statSync(path, { throwIfNoEntry: false })).filter(Boolean);
  if (found.length === 0) return "there is no such file";
  return found.some((stats) => stats?.isFile()) ? "it is not executable" : "it is a folder";
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
