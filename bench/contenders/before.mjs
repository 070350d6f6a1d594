/** The program as an earlier commit had it, to compare with. */

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** The last commit whose build had one file for each source. Each command line loaded only what it needed. */
export const BEFORE = "d8fbe8f";
/** A folder with a build that is there already. */
const given = process.env.BENCH_BEFORE || undefined;

/** Returns why there is no earlier build to compare with; undefined when there is one. */
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
 * Returns the script of the earlier program: from the folder that BENCH_BEFORE names, else from a build of its commit.
 *
 * @param {string} folder Where to build it. It must be in this project, whose packages the build uses.
 */
export async function programBefore(folder) {
  if (given !== undefined) return join(given, "dist/cli/main.js");
  const { build } = createRequire(join(PROJECT, "package.json"))("esbuild");
  execFileSync("tar", ["-x", "-C", folder], {
    input: git("archive", BEFORE, "src", "package.json"),
  });
  // Where tsc would find no errors, it writes the same.
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
