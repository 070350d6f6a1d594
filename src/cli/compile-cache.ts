/** Caches V8's compiled code of the program, so that the next start is faster. */

import * as module from "node:module";
import { join } from "node:path";

// Importing `node:fs` would load every module behind its exports, which slows the start.
const { statSync } = process.getBuiltinModule("node:fs");

/** The part of `node:module` that exists since Node.js 22.8. */
interface CompileCaching {
  /** Turns the cache on. Does not throw if the folder is not writable. */
  readonly enableCompileCache?: (folder: string) => unknown;
}

/**
 * Caches compiled code in `.compile-cache` beside the program, if Node.js supports it. Only users
 * who can change the program can forge the cache there, unlike in Node's default, a temporary
 * folder. NODE_COMPILE_CACHE sets another folder, and NODE_DISABLE_COMPILE_CACHE turns it off.
 * Never throws.
 *
 * @param folder The folder of the program.
 */
export function keepCompiledCode(
  folder: string,
  { enableCompileCache }: CompileCaching = module as CompileCaching,
): void {
  try {
    // Under sudo, files of root in the owner's folder would keep the owner from writing the cache.
    const user = process.geteuid?.();
    if (user !== undefined && statSync(folder).uid !== user) return;
    enableCompileCache?.(join(folder, ".compile-cache"));
  } catch {
    // The folder is unreadable, or Node's permission model denies it: the program starts without a
    // cache.
  }
}
