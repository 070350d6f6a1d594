/** Installs the Dagger SDKs of other languages, for the tests in tests/sdks that run them. */

import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SDKS = fileURLToPath(new URL("../tests/sdks/", import.meta.url));
const INSTALLED = fileURLToPath(new URL("../tests/node_modules/.sdks/", import.meta.url));
const execute = promisify(execFile);

/** Where the tests find what was installed. */
const PYTHON = join(INSTALLED, "python");
const GO = join(INSTALLED, "go");

/**
 * Installs what is missing or stale. A language whose toolchain is not there is left out, and its
 * tests are skipped; in CI that is a failure, so that no SDK goes untested unnoticed.
 */
export async function installSdks() {
  const results = [await installPython(), await installGo(), await findJava()];
  const missing = results.filter((problem) => problem !== undefined);
  if (missing.length === 0) return {};
  if (process.env.CI === "true") return { failed: missing.join("\n") };
  return { note: missing.map((problem) => `tests skipped: ${problem}`).join("; ") };
}

async function installPython() {
  // The environment leads to the Python that made it, which may go.
  const tell =
    "import sys, venv; print(sys.version, sys.prefix); assert sys.version_info >= (3, 10)";
  const version = await execute("python3", ["-c", tell]).catch(() => undefined);
  if (version === undefined) {
    return "python3 of 3.10 or later with venv is missing (Debian: apt-get install python3-venv)";
  }
  const requirements = join(SDKS, "python", "requirements.txt");
  const source = version.stdout + (await readFile(requirements, "utf8"));
  return installOnce(PYTHON, source, async () => {
    await execute("python3", ["-m", "venv", PYTHON]);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    await execute(join(PYTHON, "bin", "python"), [...pip, "--requirement", requirements]);
  });
}

async function installGo() {
  if (!(await runs("go", ["version"]))) return "go is missing (https://go.dev/doc/install)";
  const folder = join(SDKS, "go");
  return installOnce(GO, await textIn(folder), async () => {
    // A checkout that is not a repository, or another user's, has no revision to be stamped.
    const args = ["build", "-buildvcs=false", "-trimpath", "-o", `${GO}/`, "./..."];
    await execute("go", args, { cwd: folder });
  });
}

async function findJava() {
  if (await runs("java", ["--version"])) return undefined;
  return "java of 17 or later is missing (Debian: apt-get install openjdk-17-jdk-headless)";
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

function runs(command, args) {
  return execute(command, args).then(
    () => true,
    () => false,
  );
}

// By itself, it installs for `npx vitest run tests/sdks`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { note, failed } = await installSdks();
  if (failed ?? note) console.error(failed ?? note);
  process.exitCode = failed === undefined ? 0 : 1;
}
