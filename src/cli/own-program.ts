/**
 * Determines how to start this program again: as Node.js with main.js, or as the single executable
 * file.
 */

import { readFileSync } from "node:fs";
import { getAsset, isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/** An executable, and the arguments that come before those of a `dagger-breaker` command. */
export interface OwnProgram {
  /** The absolute path of the executable. */
  readonly command: string;
  /** Empty for the single executable file, which contains Node.js. */
  readonly args: readonly string[];
}

/** Returns how to start the `dagger-breaker` of this process again. */
export function ownProgram(): OwnProgram {
  if (isSea()) return { command: process.execPath, args: [] };
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  return { command: process.execPath, args: [main] };
}

/** Returns the version of the package. */
export function packageVersion(): string {
  const text = isSea()
    ? getAsset("package.json", "utf8")
    : readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version?: unknown }).version);
}
