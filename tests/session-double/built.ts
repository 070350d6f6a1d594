/** The test kit as a package has it: a program that another program starts must be compiled. */

import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Testing from "../../src/testing/index.js";
import { buildPackage, projectFolder } from "../build.js";

/** A compiled test kit. */
export interface BuiltTestKit {
  readonly folder: string;
  readonly testing: typeof Testing;
  remove(): void;
}

/** Makes a folder of a test file in which the compiled test kit is found as `testing`. */
export async function buildTestKit(): Promise<BuiltTestKit> {
  const folder = projectFolder("session-double");
  symlinkSync(join(await buildPackage(), "dist/testing"), join(folder, "testing"));
  const testing = (await import(
    pathToFileURL(join(folder, "testing/index.js")).href
  )) as typeof Testing;
  return { folder, testing, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
