/** Creates folders that only this user can enter, for sockets, pipes and programs of one run. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** The path of a socket is limited to about a hundred bytes. */
const MAX_FOLDER_LENGTH = 80;

/** A folder that only this user can enter. `remove` never throws. */
export interface PrivateFolder {
  readonly path: string;
  remove(): void;
}

/**
 * Returns the possible parents of such a folder, the usual one first. A folder for temporary files
 * may be missing, full, or mounted without the right to run programs.
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

/** Creates a private folder in another one. */
export function privateFolder(parent = temporary()): PrivateFolder {
  // Absolute, because its users have other working folders.
  const path = mkdtempSync(join(resolve(parent), "dagger-breaker-"));
  return {
    path,
    remove() {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch {
        // A leftover is the system's to remove.
      }
    },
  };
}
