/**
 * Counts how many files a guarded request passes, and how often it switches between files.
 *
 *   node scripts/measure-request-path.mjs [--list] [folder]      the default folder is this project
 *
 * The request is `from().withExec().stdout()` on the session double, from the call of the SDK to its
 * promise. It runs without traces, for a new tag of a known registry. It succeeds, or the pull fails with a
 * message that no rule matches. A switch is a call from a function in one file to a function in another.
 * The build is read from `dist/`, without `dist/testing`.
 */

import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { instrument, REPORT } from "./request-path/instrument.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/**
 * Folders that are not instrumented: the session double is not part of a guard, and a request runs no
 * command.
 */
const LEFT_OUT = /^(?:testing|cli)\//;
const UNKNOWN_FAILURE = { operation: "from", kind: "message", message: "the pull failed" };

const { values, positionals } = parseArgs({
  options: { list: { type: "boolean" } },
  allowPositionals: true,
});
const project = resolve(positionals[0] ?? ROOT);
if (!existsSync(join(project, "dist/index.js"))) {
  console.error(`There is no ${join(project, "dist/index.js")}: run "npm run build" first.`);
  process.exit(2);
}
const copy = await mkdtemp(join(tmpdir(), "request-path-"));
try {
  const files = await instrumentBuild(join(project, "dist"), copy);
  const paths = await measure();
  console.log("                 files  switches");
  for (const [name, path] of Object.entries(paths)) {
    console.log(
      `${name.padEnd(15)}  ${countOf(new Set(path).size)}  ${countOf(switchesIn(path), 8)}`,
    );
    if (!values.list) continue;
    for (const file of new Set(path)) console.log(`  ${files[file]}`);
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
// Without this, resources that the SDK keeps open would delay the end.
process.exit();

/**
 * Writes the instrumented modules into a folder in which they find their packages. Returns the file names
 * by their numbers.
 */
async function instrumentBuild(dist, folder) {
  const names = await readdir(dist, { recursive: true });
  const files = names.filter((name) => name.endsWith(".js") && !LEFT_OUT.test(name)).sort();
  await cp(join(project, "package.json"), join(folder, "package.json"));
  // A build of the tests has no node_modules, so it gets those of this project.
  const own = join(project, "node_modules");
  await symlink(existsSync(own) ? own : join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [number, name] of files.entries()) {
    const target = join(folder, "dist", name);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, instrument(await readFile(join(dist, name), "utf8"), number));
  }
  return files;
}

/** Returns the files of all function entries, in order: for a healthy request, and for a failing pull. */
async function measure() {
  const load = (folder, name) => import(pathToFileURL(join(folder, "dist", name)).href);
  const { connect } = await load(copy, "dagger/index.js");
  const { createRegistry } = await load(copy, "index.js");
  const { startSessionDouble } = await load(project, "testing/index.js");
  const session = await startSessionDouble();
  Object.assign(process.env, session.environment);
  const pathOf = async (client, image, expected) => {
    const container = client.container().from(image).withExec(["echo", "built"]);
    const path = [];
    globalThis[REPORT] = (file) => path.push(file);
    const outcome = await container.stdout().then(
      () => "succeeds",
      () => "fails",
    );
    globalThis[REPORT] = undefined;
    if (outcome !== expected) throw new Error(`The request for ${image} ${outcome}.`);
    return path;
  };
  let paths;
  await connect(
    async (client) => {
      // The first request creates the breakers, and the first failure prepares the rules. Neither is
      // measured.
      await pathOf(client, "alpine:1", "succeeds");
      const healthy = await pathOf(client, "alpine:2", "succeeds");
      session.setFaults([UNKNOWN_FAILURE]);
      await pathOf(client, "alpine:3", "fails");
      const failing = await pathOf(client, "alpine:4", "fails");
      paths = { "healthy request": healthy, "failing pull": failing };
    },
    { guard: { registry: createRegistry() } },
  );
  await session.stop();
  return paths;
}

function switchesIn(path) {
  return path.filter((file, index) => index > 0 && file !== path[index - 1]).length;
}

function countOf(number, width = 5) {
  return String(number).padStart(width);
}
