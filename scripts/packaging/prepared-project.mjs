/**
 * Makes a copy of the project and runs its setup script, for tests that run examples and scripts as users
 * do.
 */

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

/**
 * Returns the folder of the copy. It uses the packages of the project, but has its own `dist/` and
 * `build/`.
 */
export function preparedProject() {
  return made("prepared", COPIED, async (folder) => {
    for (const path of COPIED) await cp(join(ROOT, path), join(folder, path), { recursive: true });
    await linkPackages(join(folder, "node_modules"));
    await cp(join(await builtPackage(), "dist"), join(folder, "dist"), { recursive: true });
    await promisify(execFile)(join(folder, "scripts/prepare.sh"), [], { cwd: dirname(folder) });
  });
}

/**
 * Makes the project's packages usable in the copy. The copy is inside the project's node_modules, so its
 * imports find them. The copy still gets a node_modules of its own, so that an installation there cannot
 * change the project's packages.
 */
async function linkPackages(folder) {
  await mkdir(folder);
  await symlink(join(ROOT, "node_modules", ".bin"), join(folder, ".bin"), "junction");
  await writeFile(join(folder, ".package-lock.json"), "{}");
}
