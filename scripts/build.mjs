/**
 * Builds the package: JavaScript and declarations of the library, and the bundled program.
 *
 *   node scripts/build.mjs [--output <folder>]      the default folder is dist
 */

import { execFile } from "node:child_process";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { bundleForPackage } from "./packaging/bundle-program.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

const execute = promisify(execFile);

/**
 * Builds into a folder, and overwrites the files of an earlier build.
 *
 * @param options.checkTypes Whether type errors fail the build. Without the check, a build takes half the
 * time.
 */
export async function build(folder, { checkTypes = true } = {}) {
  const options = ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", folder];
  await execute(process.execPath, [TSC, ...options, ...(checkTypes ? [] : ["--noCheck"])]);
  await bundleForPackage(join(folder, "cli"));
}

/** Replaces a folder by a new build in one step, so that programs never see half a build or stale files. */
async function replace(folder) {
  const scratch = await mkdtemp(join(dirname(folder), `${basename(folder)}-`));
  try {
    await build(join(scratch, "new"));
    await rename(folder, join(scratch, "old")).catch((error) => {
      if (error.code !== "ENOENT") throw error;
    });
    await rename(join(scratch, "new"), folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function main() {
  const { output } = parseArgs({ options: { output: { type: "string" } } }).values;
  try {
    await replace(resolve(output ?? join(ROOT, "dist")));
  } catch (error) {
    // tsc prints its errors on stdout.
    console.error(error.stdout?.trim() || error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
