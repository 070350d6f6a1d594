/** Installs the Dagger SDKs of other languages, for the tests in tests/sdks that run them. */

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findTool } from "./checks/tools.mjs";

const SDKS = fileURLToPath(new URL("../tests/sdks/", import.meta.url));
const INSTALLED = fileURLToPath(new URL("../tests/node_modules/.sdks/", import.meta.url));
const execute = promisify(execFile);

/** Where the tests find what was installed. */
const PYTHON = join(INSTALLED, "python");
const GO = join(INSTALLED, "go");

/**
 * Installs what is missing or stale. Resolves to what could not be installed, a line each: the tests
 * of such a language are skipped.
 */
export async function installSdks({ installs }) {
  const results = await Promise.all([
    installPython(installs),
    installGo(installs),
    findTool("java", { installs }),
  ]);
  return results.filter((problem) => problem !== undefined);
}

async function installPython(installs) {
  const problem = await findTool("python3", { installs });
  if (problem !== undefined) return problem;
  // The environment leads to the Python that made it, which may go.
  const { stdout } = await execute("python3", ["-c", "import sys; print(sys.version, sys.prefix)"]);
  const requirements = join(SDKS, "python", "requirements.txt");
  return installOnce(PYTHON, stdout + (await readFile(requirements, "utf8")), async () => {
    await execute("python3", ["-m", "venv", PYTHON]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    await execute(join(PYTHON, "bin", "python"), [...pip, "--requirement", requirements]);
  });
}

async function installGo(installs) {
  const problem = await findTool("go", { installs });
  if (problem !== undefined) return problem;
  const folder = join(SDKS, "go");
  return installOnce(GO, await textIn(folder), async () => {
    // A checkout that is not a repository, or another user's, has no revision to be stamped.
    const args = ["build", "-buildvcs=false", "-trimpath", "-o", `${GO}/`, "./..."];
    await execute("go", args, { cwd: folder });
  });
}

/** Installs into a folder, unless it holds what was made of the same source. */
async function installOnce(folder, source, install) {
  const stamp = join(folder, ".made-of");
  if ((await readFile(stamp, "utf8").catch(() => undefined)) === source) return undefined;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await install();
  } catch (error) {
    return `${folder} cannot be installed: ${error.stderr || error.message}`;
  }
  await writeFile(stamp, source);
  return undefined;
}

/** All that is in a folder, as one text. */
async function textIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(paths.sort().map((path) => readFile(path, "utf8")));
  return texts.join("\n");
}

// By itself, it installs for `npx vitest run tests/sdks`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = await installSdks({ installs: true });
  for (const problem of missing) console.error(problem);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
