/** A copy of the project, set up by its own script, for the tests that run examples and scripts as users do. */

import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { made, ROOT } from "./cache.mjs";
import { builtPackage } from "./packed-package.mjs";

const COPIED = [
  "src",
  "examples",
  "scripts",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
];

/** Returns its folder. The packages are those of the project; `dist/` and `build/` are its own. */
export function preparedProject() {
  return made("prepared", COPIED, async (folder) => {
    for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true });
    await linkPackages(join(folder, "node_modules"));
    await cp(join(await builtPackage(), "dist"), join(folder, "dist"), { recursive: true });
    await promisify(execFile)(join(folder, "scripts/prepare.sh"), [], { cwd: dirname(folder) });
  });
}

/**
 * Lets the packages of the project serve the copy: it lies below them, so that imports find them.
 * A folder of its own holds the rest, so that an installation in the copy could harm nothing else.
 */
async function linkPackages(folder) {
  await mkdir(folder);
  await symlink(join(ROOT, "node_modules", ".bin"), join(folder, ".bin"), "junction");
  await writeFile(join(folder, ".package-lock.json"), "{}");
}
