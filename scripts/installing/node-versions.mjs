/** Installs the packages of tests/package.json, and finds the versions of Node.js among them. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { installPackages } from "./packages.mjs";

const TESTS = fileURLToPath(new URL("../../tests/", import.meta.url));
const execute = promisify(execFile);

/** Installs the packages when they are missing or older than the lock file. */
export function installVersions() {
  return installPackages(TESTS);
}

/**
 * Returns the versions of Node.js in tests/package.json, except the running version. Each has the path of
 * its binary, or the error to report when it cannot run.
 */
export async function otherNodes() {
  const { optionalDependencies } = JSON.parse(await readFile(join(TESTS, "package.json"), "utf8"));
  const aliases = Object.keys(optionalDependencies);
  const majors = [...new Set(aliases.map((alias) => alias.split("-")[1]))].sort();
  const own = process.versions.node.split(".")[0];
  return Promise.all(majors.filter((major) => major !== own).map((major) => find(aliases, major)));
}

async function find(aliases, major) {
  const alias = `node-${major}-${process.platform}-${process.arch}`;
  if (!aliases.includes(alias)) {
    const note = `not run: npm has no binary of it for ${process.platform}-${process.arch}`;
    return { title: `Node ${major}`, problem: { note } };
  }
  const binary = join(TESTS, "node_modules", alias, "bin", "node");
  try {
    const { stdout } = await execute(binary, ["--version"]);
    return { title: `Node ${stdout.trim().slice(1)}`, binary };
  } catch (error) {
    // npm reports no error when it cannot install an optional package.
    const failed = `${error.message}\nRemove tests/node_modules to have it installed again.`;
    return { title: `Node ${major}`, problem: { failed } };
  }
}
