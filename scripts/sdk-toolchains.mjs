/** Installs the Dagger SDKs of all lines and languages, for the tests in tests/sdks. */

import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findTool } from "./checks/tools.mjs";
import { installVersions } from "./installing/node-versions.mjs";

const SDKS = fileURLToPath(new URL("../tests/sdks/", import.meta.url));
const PACKAGES = fileURLToPath(new URL("../tests/node_modules/", import.meta.url));
/** The folder for the installed SDKs, where the tests look for them. */
const INSTALLED = join(PACKAGES, ".sdks");
const execute = promisify(execFile);

/**
 * Installs SDKs that are missing or stale. The packages of tests/ must already be installed. Resolves to
 * one line for each language that could not be installed. The tests of that language are skipped.
 */
export async function installSdks({ installs }) {
  const results = await Promise.all([
    linkTypeScript(),
    installPython(installs),
    installGo(installs),
    installRust(installs),
    installJava(installs),
  ]);
  return results.flat().filter((problem) => problem !== undefined);
}

/** Copies the TypeScript programs to a folder in which `@dagger.io/dagger` is the SDK of 1.0. */
async function linkTypeScript() {
  const programs = join(SDKS, "typescript");
  const folder = join(INSTALLED, "typescript-1.0");
  return installOnce(folder, await textIn(programs), async () => {
    for (const name of await readdir(programs)) {
      await copyFile(join(programs, name), join(folder, name));
    }
    await mkdir(join(folder, "node_modules", "@dagger.io"), { recursive: true });
    const link = join(folder, "node_modules", "@dagger.io", "dagger");
    await symlink(join(PACKAGES, "dagger-1.0-beta"), link, "junction");
  });
}

async function installPython(installs) {
  const problem = await findTool("python3", { installs });
  if (problem !== undefined) return problem;
  // The environment refers to the Python that created it. After a change of that Python, the environment
  // must be created again.
  const { stdout } = await execute("python3", ["-c", "import sys; print(sys.version, sys.prefix)"]);
  const constraints = await readFile(join(SDKS, "python", "constraints.txt"), "utf8");
  const install = async (line) => {
    const folder = join(INSTALLED, `python-${line}`);
    const requirements = join(SDKS, "python", `requirements-${line}.txt`);
    const source = stdout + constraints + (await readFile(requirements, "utf8"));
    return installOnce(folder, source, async () => {
      await execute("python3", ["-m", "venv", folder]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
      await execute(join(folder, "bin", "python"), [...pip, "--requirement", requirements]);
    });
  };
  return Promise.all(["0.21", "1.0"].map(install));
}

async function installGo(installs) {
  const problem = await findTool("go", { installs });
  if (problem !== undefined) return problem;
  const cwd = join(SDKS, "go");
  const folder = join(INSTALLED, "go");
  return installOnce(folder, await textIn(cwd), async () => {
    // Go stamps the revision of the repository by default. That fails outside a repository, or in a
    // repository of another user.
    const args = ["build", "-buildvcs=false", "-trimpath", "-o", `${folder}/`, "./..."];
    await execute("go", args, { cwd });
  });
}

async function installRust(installs) {
  const problem = await findTool("cargo", { installs });
  if (problem !== undefined) return problem;
  const cwd = join(SDKS, "rust");
  const folder = join(INSTALLED, "rust");
  return installOnce(folder, await textIn(cwd), async () => {
    // The packages are built in this folder, which is kept when only our programs change.
    const target = join(INSTALLED, "rust-target");
    await execute("cargo", ["build", "--quiet", "--locked", "--target-dir", target], { cwd });
    const built = await readdir(join(target, "debug"));
    for (const name of built.filter((file) => /^(pipeline|rejected)-\d+-\d+$/.test(file))) {
      await copyFile(join(target, "debug", name), join(folder, name));
    }
  });
}

/**
 * Installs the GraphQL client of Java's SDK and its dependencies, because Maven Central does not have the
 * SDK itself.
 */
async function installJava(installs) {
  for (const tool of ["java", "mvn"]) {
    const problem = await findTool(tool, { installs });
    if (problem !== undefined) return problem;
  }
  const pom = join(SDKS, "java", "pom.xml");
  const folder = join(INSTALLED, "java");
  return installOnce(folder, await readFile(pom, "utf8"), async () => {
    const copy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";
    const args = ["--quiet", "--batch-mode", "--file", pom, copy, `-DoutputDirectory=${folder}`];
    await execute("mvn", args, { cwd: folder });
  });
}

/** Installs into a folder, unless the folder already has the result of the same source. */
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

/** Returns the contents of all files in a folder as one text. */
async function textIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(paths.sort().map((path) => readFile(path, "utf8")));
  return texts.join("\n");
}

// Run directly, the script prepares everything for `npx vitest run tests/sdks`.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await installVersions();
  const missing = await installSdks({ installs: true });
  for (const problem of missing) console.error(problem);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
