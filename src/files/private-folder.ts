/** Creates folders that only this user can enter, for the sockets, pipes and programs of one run. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** The longest path of a folder. A socket in it may have a path of about a hundred bytes. */
const MAX_FOLDER_LENGTH = 80;

/** A folder that only this user can enter. `remove` never throws. */
export interface PrivateFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Returns folders in which a private one may be created, best first. The usual temporary folder may be
 * missing or full, or may not permit programs to run.
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

/** Creates a private folder inside another folder. */
export function privateFolder(parent = temporary()): PrivateFolder {
  // Absolute, because programs that use it may have other working folders.
  const path = mkdtempSync(join(resolve(parent), "dagger-breaker-"));
  return {
    path,
    remove() {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch {
        // If it cannot be removed, the system cleans it up.
      }
    },
  };
}
