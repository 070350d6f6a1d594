/**
 * Tests a single file that contains the Node.js of the npm package `node`. The license of that Node.js is
 * in another package.
 */

import { execFile } from "node:child_process";
import {
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILD = join(ROOT, "scripts/build-executable.mjs");
const PLATFORM = `${process.platform}-${process.arch}`;
/** The result of `npm install node@24`: the package `node`, which links to the binary. */
const INSTALLED = join(ROOT, `tests/node_modules/node-24-${PLATFORM}`);

let folder = "";

/**
 * Creates a Node.js with the folders of the package `node`. The package of the platform gets the given
 * version.
 */
function layOut(name: string, version: string): string {
  const node = join(folder, name, "bin/node");
  const inner = join(folder, name, "node_modules", `node-${PLATFORM}`);
  for (const made of [dirname(node), inner]) mkdirSync(made, { recursive: true });
  linkSync(join(INSTALLED, "bin/node"), node);
  cpSync(join(INSTALLED, "LICENSE"), join(inner, "LICENSE"));
  writeFileSync(join(inner, "package.json"), JSON.stringify({ name: `node-${PLATFORM}`, version }));
  return node;
}

function build(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return execute(process.execPath, [BUILD, "--output", join(folder, "program"), ...args]);
}

describe("with the npm package node", () => {
  beforeAll(() => {
    // A hard link to the binary needs the same file system, so the folder is inside the project.
    folder = mkdtempSync(join(ROOT, "tests/node_modules/.node-package-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("the single file is made, with the license of its Node.js", async () => {
    const { version } = JSON.parse(readFileSync(join(INSTALLED, "package.json"), "utf8"));
    await build("--node", layOut("node", version));
    const licenses = readFileSync(join(folder, "program.licenses.txt"), "utf8");
    expect(licenses).toContain(`Node.js ${version}\n`);
    expect(licenses).toContain(readFileSync(join(INSTALLED, "LICENSE"), "utf8").trim());
  });

  test("rejects the license of another version, and names the option for one", async () => {
    const node = layOut("other", "24.0.0");
    await expect(build("--node", node)).rejects.toThrow(
      /^error: The license of Node\.js 24\.\d+\.\d+ is missing: .+ --node-license <file>$/m,
    );
  });

  test("a named license must exist", async () => {
    const node = layOut("named", "24.0.0");
    await expect(build("--node", node, "--node-license", join(folder, "none"))).rejects.toThrow(
      `--node-license ${join(folder, "none")} is no file with a text in it`,
    );
  });
});
