/** Compiles parts of the sources for a test file: what another process starts must be JavaScript. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A new folder inside the project, where a program finds the project's packages. */
export function projectFolder(name: string): string {
  return mkdtempSync(join(ROOT, `node_modules/.${name}-`));
}

/**
 * Compiles files of src, with all that they import.
 *
 * @param folder Gets the configuration, and says by a package.json that modules are ES modules.
 * @param outDir Where to, in the layout of src.
 * @param files From src, such as `cli/main.ts`.
 */
export function compile(folder: string, outDir: string, files: readonly string[]): void {
  const config = join(folder, "tsconfig.json");
  const options = {
    extends: join(ROOT, "tsconfig.build.json"),
    compilerOptions: {
      rootDir: join(ROOT, "src"),
      outDir,
      declaration: false,
      typeRoots: [join(ROOT, "node_modules/@types")],
    },
    files: files.map((file) => join(ROOT, "src", file)),
    include: [],
  };
  writeFileSync(config, JSON.stringify(options));
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", config]);
}
