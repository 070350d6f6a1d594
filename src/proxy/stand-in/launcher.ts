/** What SDKs start as their CLI: one executable file, whatever it takes to start us. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The longest path that a socket may have is about a hundred bytes. */
const MAX_FOLDER_LENGTH = 80;

/** Makes a temporary folder that only this user can enter. `remove` never throws. */
export function privateFolder(): { readonly path: string; remove(): void } {
  const parent = tmpdir().length > MAX_FOLDER_LENGTH ? "/tmp" : tmpdir();
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

/** A program and the arguments that come before those of a command line. */
export interface LaunchedProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Writes an executable that starts a program with the arguments that it is given itself.
 *
 * @param folder Where to; a private one, since it is run.
 * @param program Such as node with our script. One without arguments needs no other file.
 * @returns The path of the executable.
 */
export function writeLauncher(folder: string, { command, args }: LaunchedProgram): string {
  if (args.length === 0) return command;
  const program = [command, ...args];
  if (process.platform === "win32") {
    const path = join(folder, "dagger-breaker-session.cmd");
    writeFileSync(path, `@${program.map((word) => `"${word}"`).join(" ")} %*\r\n`);
    return path;
  }
  const path = join(folder, "dagger-breaker-session");
  writeFileSync(path, `#!/bin/sh\nexec ${program.map(quoted).join(" ")} "$@"\n`, { mode: 0o700 });
  return path;
}

/** A word as a shell takes it to the letter. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
