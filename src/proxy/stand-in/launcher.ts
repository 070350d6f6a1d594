/** What SDKs start as their CLI: one executable file, whatever it takes to start us. */

import { accessSync, chmodSync, constants, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A program and the arguments that come before those of a command line. */
export interface LaunchedProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Writes an executable that starts a program with the arguments that it is given itself.
 *
 * @param folder Where to; one that only this user can write to, since it is run.
 * @param program Such as node with our script. One without arguments needs no other file.
 * @returns The path of the executable.
 * @throws The system's error where it cannot be written, or would not be run.
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
  writeFileSync(path, `#!/bin/sh\nexec ${program.map(quoted).join(" ")} "$@"\n`);
  // Whatever the umask is: a program may run as another user.
  chmodSync(path, 0o755);
  accessSync(path, constants.X_OK);
  return path;
}

/** A word as a shell takes it to the letter. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
