/** Creates folders that only the current user can enter, for the sockets, pipes and programs of one run. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * The longest path of a parent folder. The path of a socket is limited to about 100 bytes, and the names
 * inside the parent folder must fit too.
 */
const MAX_FOLDER_LENGTH = 80;

/** A folder that only the current user can enter. `remove` never throws. */
export interface PrivateFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Returns the folders in which to try to create a private folder, best first. The usual temporary folder
 * may be missing or full, or the system may not run programs from it.
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

/** Creates a private folder in `parent`. Default: the temporary folder of the system. */
export function privateFolder(parent = temporary()): PrivateFolder {
  // The path is absolute, because programs that use the folder may have other working folders.
  const path = mkdtempSync(join(resolve(parent), "dagger-breaker-"));
  return {
    path,
    remove() {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch {
        // The system cleans up its temporary files, so a folder that cannot be removed does no harm.
      }
    },
  };
}
