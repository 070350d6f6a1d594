/**
 * Builds build/dagger-breaker: the program and Node.js in one file, for the Linux of this machine.
 *
 *   node scripts/build-executable.mjs [--node <binary>] [--node-license <file>] [--output <file>]
 *
 * It also writes dagger-breaker.licenses.txt, with the licenses of everything in the file.
 */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { otherNodes } from "./installing/node-versions.mjs";
import { bundleForSingleFile, licenseOf, licenseTexts } from "./packaging/bundle-program.mjs";

const USAGE =
  "Usage: build-executable.mjs [--node <binary>] [--node-license <file>] [--output <file>]";
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MANIFEST = join(ROOT, "package.json");
/** The first version of Node.js that can be told to ignore NODE_OPTIONS. */
const OLDEST_NODE = { major: 24, minor: 7 };
/**
 * The marker for which Node.js looks in its own binary. See
 * https://nodejs.org/api/single-executable-applications.html
 */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const execute = promisify(execFile);

/** An error that a user can fix. It is printed without a stack. */
class BuildError extends Error {}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function main() {
  const given = readArguments();
  if (process.platform !== "linux") {
    throw new BuildError(`The single file is made on Linux, and this is ${process.platform}.`);
  }
  const node = await findNode(given.node);
  node.license = await findLicense(node, given["node-license"]);
  const output = resolve(given.output ?? join(ROOT, "build/dagger-breaker"));
  await mkdir(dirname(output), { recursive: true });
  // The scratch folder is on the file system of the output, so that the finished file can be moved in one
  // step.
  const scratch = await mkdtemp(`${output}.`);
  try {
    const packages = await bundleForSingleFile(join(scratch, "main.cjs"), node.version);
    await putIntoNode(scratch, node.binary);
    await checkProgram(join(scratch, "program"));
    await writeFile(join(scratch, "licenses"), await licenses(packages, node));
    await rename(join(scratch, "licenses"), `${output}.licenses.txt`);
    await rename(join(scratch, "program"), output);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const { size } = await stat(output);
  console.log(`${output}: ${(size / 1e6).toFixed(0)} MB, with Node.js ${node.version}`);
}

function readArguments() {
  const options = {
    node: { type: "string" },
    "node-license": { type: "string" },
    output: { type: "string" },
  };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw new BuildError(`${error.message}\n${USAGE}`);
  }
}

/**
 * Returns the Node.js to put into the file. Candidates are, in this order: the given Node.js, the running
 * Node.js, the npm package `node` if it is installed here, and the Node.js of the tests.
 */
async function findNode(given) {
  const own = [() => process.execPath, nodeOfPackage, nodeOfTests];
  const candidates = given === undefined ? own : [() => given];
  const found = [];
  for (const candidate of candidates) {
    const path = await candidate();
    if (path === undefined) continue;
    const binary = await realpath(path).catch(() => path);
    const version = await versionOf(binary);
    const [major, minor] = version.split(".").map(Number);
    const isNewEnough =
      major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor);
    if (isNewEnough && (await readFile(binary)).includes(`${FUSE}:0`)) return { binary, version };
    found.push(`${binary} is ${version}${isNewEnough ? ", built without room for a program" : ""}`);
  }
  const { major, minor } = OLDEST_NODE;
  throw new BuildError(
    `A Node.js ${major}.${minor} or later as nodejs.org publishes it is needed (--node <binary>): ` +
      `${found.join("; ")}. "npm install --no-save node@24" installs one here.`,
  );
}

async function nodeOfPackage() {
  const binary = join(ROOT, "node_modules/node/bin/node");
  return access(binary).then(
    () => binary,
    () => undefined,
  );
}

async function nodeOfTests() {
  const nodes = await otherNodes();
  return nodes.find(({ title, binary }) => binary && title.startsWith(`Node ${OLDEST_NODE.major}.`))
    ?.binary;
}

async function versionOf(binary) {
  try {
    const { stdout } = await execute(binary, ["--version"]);
    return stdout.trim().slice(1);
  } catch (error) {
    throw new BuildError(`${binary} is not a Node.js: --version failed (${error.code})`);
  }
}

/** Puts the script into a copy of Node.js, which runs the script when it starts. */
async function putIntoNode(scratch, node) {
  const config = {
    main: join(scratch, "main.cjs"),
    output: join(scratch, "blob"),
    assets: { "package.json": MANIFEST },
    useCodeCache: true,
    disableExperimentalSEAWarning: true,
    execArgvExtension: "none",
  };
  await writeFile(join(scratch, "config.json"), JSON.stringify(config));
  await execute(node, ["--experimental-sea-config", join(scratch, "config.json")]);
  const program = join(scratch, "program");
  await copyFile(node, program);
  await chmod(program, 0o755);
  // A separate process hides postject's warnings about the binary of Node.js, which do not matter.
  const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
  const args = [program, "NODE_SEA_BLOB", config.output, "--sentinel-fuse", FUSE];
  await execute(process.execPath, [postject, ...args]);
}

/** Fails unless the program starts even with NODE_OPTIONS that are meant for other programs. */
async function checkProgram(program) {
  const { version } = JSON.parse(await readFile(MANIFEST, "utf8"));
  const env = { NODE_OPTIONS: "--require=/nowhere/preload.cjs" };
  const { stdout, stderr } = await execute(program, ["--version"], { env });
  if (stdout !== `${version}\n` || stderr !== "") {
    throw new Error(`The program is broken: --version printed ${JSON.stringify(stdout + stderr)}`);
  }
}

/**
 * Returns the licenses of the project, of its packages and of Node.js. The license of Node.js includes
 * those of its parts.
 */
async function licenses(packages, node) {
  const parts = await Promise.all([ROOT, ...packages].map(licenseOf));
  const ofNode = { title: `Node.js ${node.version}`, path: node.license };
  return licenseTexts([...parts, ofNode]).catch((error) => {
    throw new BuildError(error.message);
  });
}

/** Finds the license file that belongs to a Node.js. */
async function findLicense({ binary, version }, given) {
  const folder = dirname(dirname(binary));
  // Archives of nodejs.org contain the license. The npm package `node` does not: its binary is a link into
  // another package, which has the license.
  const candidates = [join(folder, "LICENSE"), ...platformPackages(folder, version)];
  for (const path of given === undefined ? candidates : [resolve(given)]) {
    if (/\S/.test(await readFile(path, "utf8").catch(() => ""))) return path;
  }
  throw new BuildError(
    given === undefined
      ? `The license of Node.js ${version} is missing: there is no ${candidates[0]}. ` +
          "Name the file that came with it: --node-license <file>"
      : `--node-license ${given} is no file with a text in it`,
  );
}

/**
 * Returns the license files of installed npm packages that contain this version of Node.js for this
 * platform.
 */
function platformPackages(folder, version) {
  const { resolve: find } = createRequire(join(folder, "package.json"));
  return ["node", "node-bin"].flatMap((prefix) => {
    const name = `${prefix}-${process.platform}-${process.arch}`;
    try {
      const manifest = find(`${name}/package.json`);
      const isSame = JSON.parse(readFileSync(manifest, "utf8")).version === version;
      return isSame ? [join(dirname(manifest), "LICENSE")] : [];
    } catch {
      return [];
    }
  });
}
