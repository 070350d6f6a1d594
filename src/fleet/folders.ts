/** Creates folders for files. */

import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Creates a folder and its parents. Node's recursive mkdir never returns if a file system denies
 * that an existing parent exists, as /proc and automounted homes do.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  }
}
