/** The test kit as a package has it: a program that another program starts must be compiled. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type * as Testing from "../../src/testing/index.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A compiled test kit. */
export interface BuiltTestKit {
  readonly folder: string;
  readonly testing: typeof Testing;
  remove(): void;
}

/** Compiles the test kit, inside the project, where it finds its packages. */
export async function buildTestKit(): Promise<BuiltTestKit> {
  const folder = mkdtempSync(join(ROOT, "node_modules/.session-double-"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const config = join(folder, "tsconfig.json");
  writeFileSync(
    config,
    JSON.stringify({
      extends: join(ROOT, "tsconfig.build.json"),
      compilerOptions: {
        rootDir: join(ROOT, "src"),
        outDir: folder,
        declaration: false,
        typeRoots: [join(ROOT, "node_modules/@types")],
      },
      files: [join(ROOT, "src/testing/index.ts"), join(ROOT, "src/testing/session/cli.ts")],
      include: [],
    }),
  );
  execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", config]);
  const testing = (await import(
    pathToFileURL(join(folder, "testing/index.js")).href
  )) as typeof Testing;
  return { folder, testing, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
