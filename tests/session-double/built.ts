/** Compiles the test kit as the package does, because programs that tests start must be compiled. */

import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Testing from "../../src/testing/index.js";
import { buildPackage, projectFolder } from "../build.js";

export interface BuiltTestKit {
  readonly folder: string;
  readonly testing: typeof Testing;
  remove(): void;
}

/** Creates a folder for a test file. The compiled test kit is in its subfolder `testing`. */
export async function buildTestKit(): Promise<BuiltTestKit> {
  const folder = projectFolder("session-double");
  symlinkSync(join(await buildPackage(), "dist/testing"), join(folder, "testing"));
  const testing = (await import(
    pathToFileURL(join(folder, "testing/index.js")).href
  )) as typeof Testing;
  return { folder, testing, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
