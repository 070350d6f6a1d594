/** Caches V8's compiled code of the program, so that the next start is faster. */

import * as module from "node:module";
import { join } from "node:path";

// An import of `node:fs` would read all of its exports, which loads many other modules.
const { statSync } = process.getBuiltinModule("node:fs");

/** The part of `node:module` that exists since Node.js 22.8. */
interface CompileCaching {
  /** Returns the result. An unwritable folder is not an error. */
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
    // In another user's folder, as under sudo, our files would block its owner.
    const user = process.geteuid?.();
    if (user !== undefined && statSync(folder).uid !== user) return;
    enableCompileCache?.(join(folder, ".compile-cache"));
  } catch {
    // Unreadable, or denied by Node's permission model: the program starts without a cache.
  }
}
