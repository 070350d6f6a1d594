/** Creates folders that only their owner can use. */

import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Creates a folder and its parents. Does not use the recursive mkdir of Node.js, which may never
 * return. That happens if the system reports an existing parent as missing, as /proc and
 * automounted home folders do.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have created the folder in the meantime.
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  }
}
