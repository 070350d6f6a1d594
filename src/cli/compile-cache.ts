/** Caches the code that V8 compiled for the program, so that the next start is faster. */

import * as module from "node:module";
import { join } from "node:path";

// Does not import `node:fs`, because the import would load many more modules and slow the start.
const { statSync } = process.getBuiltinModule("node:fs");

/** The part of `node:module` that exists since Node.js 22.8. */
interface CompileCaching {
  /** Turns the cache on. Does not throw if the folder is not writable. */
  readonly enableCompileCache?: (folder: string) => unknown;
}

/**
 * Caches compiled code in `.compile-cache` beside the program, if Node.js supports that. Only users
 * who can change the program can forge this cache. Node's default is a temporary folder, which is
 * less safe. Never throws.
 *
 * NODE_COMPILE_CACHE sets another folder. NODE_DISABLE_COMPILE_CACHE turns the cache off.
 *
 * @param folder The folder of the program.
 */
export function keepCompiledCode(
  folder: string,
  { enableCompileCache }: CompileCaching = module as CompileCaching,
): void {
  try {
    // Under sudo, the cache would contain files of root, and the owner of the folder could no
    // longer write to it.
    const user = process.geteuid?.();
    if (user !== undefined && statSync(folder).uid !== user) return;
    enableCompileCache?.(join(folder, ".compile-cache"));
  } catch {
    // The folder is unreadable, or Node's permission model denies access. The program starts
    // without a cache.
  }
}
