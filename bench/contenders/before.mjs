/** Builds the program of an earlier commit, to compare the present program with it. */

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/**
 * The last commit whose build has one file for each source. In that build, each command line loads only the
 * files that it needs.
 */
export const BEFORE = "d8fbe8f";
/** A folder that already contains a build of the earlier program. */
const given = process.env.BENCH_BEFORE || undefined;

/** Returns why there is no earlier program to compare with; undefined when there is one. */
export function withoutBefore() {
  if (given !== undefined) return undefined;
  try {
    git("cat-file", "-e", BEFORE);
    return undefined;
  } catch {
    return `no commit ${BEFORE} is here to compare with (a shallow clone?)`;
  }
}

/**
 * Returns the script of the earlier program. It is in the folder that BENCH_BEFORE names, or is built from
 * its commit.
 *
 * @param {string} folder The folder for the build. It must be inside this project, because the build uses
 * the project's packages.
 */
export async function programBefore(folder) {
  if (given !== undefined) return join(given, "dist/cli/main.js");
  const { build } = createRequire(join(PROJECT, "package.json"))("esbuild");
  execFileSync("tar", ["-x", "-C", folder], {
    input: git("archive", BEFORE, "src", "package.json"),
  });
  // The code is compiled by esbuild, which is faster than tsc because it checks no types.
  await build({
    entryPoints: ["src/**/*.ts"],
    outdir: "dist",
    absWorkingDir: folder,
    format: "esm",
    logLevel: "warning",
  });
  return join(folder, "dist/cli/main.js");
}

function git(...args) {
  return execFileSync("git", args, {
    cwd: PROJECT,
    maxBuffer: 1e9,
    stdio: ["ignore", "pipe", "ignore"],
  });
}
