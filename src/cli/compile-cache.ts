/** Keeps what V8 compiles of the program, so that the next start need not compile it again. */

import * as module from "node:module";
import { join } from "node:path";

// An import would have Node.js read all that this module has, for which it loads many others.
const { statSync } = process.getBuiltinModule("node:fs");

/** The part of `node:module` that came with Node.js 22.8. */
interface CompileCaching {
  /** Returns what became of it; a folder that cannot be written is no error. */
  readonly enableCompileCache?: (folder: string) => unknown;
}

/**
 * Keeps compiled code in `.compile-cache` beside the program, where Node.js can. There it goes with
 * the installation, and whoever could forge it could change the program as well, which is not so in
 * the default of Node.js, a folder for temporary files. NODE_COMPILE_CACHE names another folder, and
 * NODE_DISABLE_COMPILE_CACHE turns it off. Never throws.
 *
 * @param folder The folder of the program.
 */
export function keepCompiledCode(
  folder: string,
  { enableCompileCache }: CompileCaching = module as CompileCaching,
): void {
  try {
    // In a folder of another user, as under sudo, files of ours would be in the way of its owner.
    const user = process.geteuid?.();
    if (user !== undefined && statSync(folder).uid !== user) return;
    enableCompileCache?.(join(folder, ".compile-cache"));
  } catch {
    // Not readable, or refused by the permission model of Node.js: it starts as it did before.
  }
}
