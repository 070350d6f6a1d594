/** Makes folders that nobody else can enter, for sockets, pipes and programs of one run. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** The longest path that a socket may have is about a hundred bytes. */
const MAX_FOLDER_LENGTH = 80;

/** A folder that only this user can enter. `remove` never throws. */
export interface PrivateFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Where such a folder may be made, the usual place first: a folder for temporary files may be missing, full, or one
 * whose programs the system does not run.
 */
export function placesForFolders(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const { XDG_RUNTIME_DIR: runtime, XDG_CACHE_HOME: cache, HOME: home } = env;
  const others = [runtime, cache, home && join(home, ".cache")];
  const isFit = (path: string | undefined): path is string =>
    path !== undefined && isAbsolute(path) && path.length <= MAX_FOLDER_LENGTH;
  return [temporary(), ...others.filter(isFit)];
}

function temporary(): string {
  return tmpdir().length > MAX_FOLDER_LENGTH ? "/tmp" : tmpdir();
}

/** Makes a folder of our own in another one. */
export function privateFolder(parent = temporary()): PrivateFolder {
  // Those who are told of it work in other folders.
  const path = mkdtempSync(join(resolve(parent), "dagger-breaker-"));
  return {
    path,
    remove() {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch {
        // What cannot be removed is left to the system.
      }
    },
  };
}
