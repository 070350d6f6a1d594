/** The test kit as a package has it: a program that another program starts must be compiled. */

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Testing from "../../src/testing/index.js";
import { compile, projectFolder } from "../compile.js";

/** A compiled test kit. */
export interface BuiltTestKit {
  readonly folder: string;
  readonly testing: typeof Testing;
  remove(): void;
}

/** Compiles the test kit, inside the project, where it finds its packages. */
export async function buildTestKit(): Promise<BuiltTestKit> {
  const folder = projectFolder("session-double");
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  compile(folder, folder, ["testing/index.ts", "testing/session/cli.ts"]);
  const testing = (await import(
    pathToFileURL(join(folder, "testing/index.js")).href
  )) as typeof Testing;
  return { folder, testing, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
