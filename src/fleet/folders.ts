/** Makes the folders in which files are kept. */

import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a folder and those above it. Node's own recursive way never returns where a file system
 * says that there is no parent although there is one, as /proc and automounted homes do.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was first.
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  }
}
