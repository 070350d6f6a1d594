/** Tells whether a command can be run at all, before a shell is asked to. */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Environment } from "../traces/environment.js";

/** Why a command cannot be run, as the system would say; undefined when it can, as far as is known. */
export function whyNotRunnable(command: string, env: Environment): "ENOENT" | "EACCES" | undefined {
  const folders = command.includes("/") ? [""] : (env.PATH ?? "").split(delimiter);
  const found = folders
    .map((folder) => (command.includes("/") ? command : join(folder, command)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (found.length === 0) return "ENOENT";
  return found.some(isExecutable) ? undefined : "EACCES";
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
