/** Creates the executable file that SDKs start instead of the dagger CLI. */

import { accessSync, chmodSync, constants, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A program and its first arguments. */
export interface LaunchedProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Writes an executable that starts a program with the executable's own arguments.
 *
 * @param folder The folder for the executable. No other user may be able to write to it.
 * @param program The program to start, for example node with the script of this package.
 * @returns The path of the executable.
 * @throws The system's error if the executable cannot be written or run.
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
  // Set the permissions again, because a umask may remove some, and another user may run the program.
  chmodSync(path, 0o755);
  accessSync(path, constants.X_OK);
  return path;
}

/** Quotes a word for a shell. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
