/**
 * Builds and packs the package for tests and checks, from the present sources. A user's `dist/` stays
 * unchanged.
 *
 *   node scripts/packaging/packed-package.mjs      prints the path of the tarball
 */

import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "../build.mjs";
import { made, ROOT } from "./cache.mjs";

const execute = promisify(execFile);

const SOURCES = [
  "src",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/build.mjs",
  "scripts/packaging/bundle-program.mjs",
];

/** Returns a folder with the built package: `package.json` and `dist`. */
export function builtPackage() {
  return made("build", SOURCES, async (folder) => {
    await build(join(folder, "dist"), { checkTypes: false });
    await cp(join(ROOT, "package.json"), join(folder, "package.json"));
  });
}

/** Returns the path of the tarball that `npm pack` makes, and a folder with its contents. */
export async function packedPackage() {
  const built = await builtPackage();
  const files = await packedFiles();
  const inputs = [...SOURCES, ...files, "scripts/packaging/packed-package.mjs"];
  const folder = await made("packed", inputs, async (scratch) => {
    const staged = join(scratch, "staged");
    for (const file of files) await cp(join(ROOT, file), join(staged, file), { recursive: true });
    await cp(built, staged, { recursive: true });
    await pack(staged, scratch);
    const tarball = join(scratch, await tarballIn(scratch));
    await mkdir(join(scratch, "package"));
    await execute("tar", ["-xzf", tarball, "-C", scratch]);
    await rm(staged, { recursive: true });
  });
  return { tarball: join(folder, await tarballIn(folder)), folder: join(folder, "package") };
}

/** Returns the files that the package contains besides `dist`. npm adds README.md and LICENSE by itself. */
async function packedFiles() {
  const { files } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  return [...files.filter((file) => !/^!|^dist$/.test(file)), "README.md", "LICENSE"];
}

async function pack(folder, destination) {
  const quiet = ["--ignore-scripts", "--loglevel=error"];
  await execute("npm", ["pack", "--pack-destination", destination, ...quiet], { cwd: folder });
}

async function tarballIn(folder) {
  const name = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  if (name === undefined) throw new Error(`npm pack left no tarball in ${folder}`);
  return name;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { tarball } = await packedPackage();
  console.log(tarball);
}
