/** Builds the sources once for all tests, because other processes can start only JavaScript. */

import { mkdtempSync } from "node:fs";
import { chmod, copyFile, readdir } from "node:fs/promises";
import { dirname, join, parse } from "node:path";
import { build } from "esbuild";
import { bundleForPackage } from "../scripts/packaging/bundle-program.mjs";
import { made, ROOT } from "../scripts/packaging/cache.mjs";

/** The files whose hash identifies a build. The lock file stands for all installed packages. */
const INPUTS = [
  "src",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "scripts/packaging/bundle-program.mjs",
  "tests/build.ts",
];

/** Creates a folder inside the project, where a program can import the project's packages. */
export function projectFolder(name: string): string {
  return mkdtempSync(join(ROOT, `node_modules/.${name}-`));
}

/**
 * Returns a folder with `package.json` and `dist/`, built from the present sources. The build takes a
 * second, because it checks no types and writes no declarations. Test files, runs and versions of Node.js
 * share the folder, so no test may write into it.
 */
export function buildPackage(): Promise<string> {
  return made("transpiled", INPUTS, async (folder) => {
    const dist = join(folder, "dist");
    await Promise.all([
      copyFile(join(ROOT, "package.json"), join(folder, "package.json")),
      bundleForPackage(join(dist, "cli")),
      build({
        entryPoints: await libraryFiles(),
        outbase: "src",
        outdir: dist,
        absWorkingDir: ROOT,
        format: "esm",
        logLevel: "warning",
      }),
    ]);
    await chmod(join(dist, "testing/session/cli.js"), 0o755);
  });
}

/**
 * Bundles a program of the tests and all its imports into one file, and returns the path. The bundle starts
 * in half the time that separate files need.
 *
 * @param source The path from the root of the project. Its imports must not depend on their own location.
 */
export async function bundleProgram(source: string): Promise<string> {
  const name = `program-${parse(source).name}`;
  const folder = await made(name, [...INPUTS, dirname(source)], async (folder) => {
    await build({
      entryPoints: [source],
      outfile: join(folder, "program.cjs"),
      absWorkingDir: ROOT,
      bundle: true,
      platform: "node",
      format: "cjs",
      keepNames: true,
      logLevel: "warning",
    });
  });
  return join(folder, "program.cjs");
}

/** Returns the files of the library. Tests and the command line are left out. */
async function libraryFiles(): Promise<string[]> {
  const files = await readdir(join(ROOT, "src"), { recursive: true });
  return files
    .filter((file) => file.endsWith(".ts") && !/^cli\b|\.test\.ts$/.test(file))
    .map((file) => join("src", file));
}
