/** Decides which test files run where. It lists everything that depends on Node.js, on tools, or on `--all`. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./command.mjs";
import { findTestFiles, importsOf } from "./imports.mjs";

/**
 * Modules whose behavior can differ between versions of Node.js. A test file runs on all versions when the
 * file itself, or a helper in tests/, imports one of them. A path that ends with a slash is a folder.
 */
export const SEAMS = [
  {
    name: "promises and timers of the breaker",
    modules: ["src/breaker/circuit-breaker.ts", "src/policies/"],
  },
  {
    name: "HTTP and sockets",
    modules: [
      "node:http",
      "node:net",
      "src/cli/serve/",
      "src/dagger/",
      "src/fleet/http/",
      "src/proxy/",
      "src/testing/index.ts",
      "src/traces/receiver/receiver.ts",
    ],
  },
  { name: "HTTP/2", modules: ["node:http2"] },
  { name: "processes", modules: ["node:child_process", "src/cli/quota/docker-config.ts"] },
  { name: "SQLite", modules: ["src/fleet/sqlite/"] },
  { name: "the package as installed", modules: ["tests/package/project.ts"] },
];

/** Helpers that start another program. That program behaves the same on every version of Node.js. */
const FOREIGN = ["tests/fleet/redis/redis-server.ts", "tests/fleet/redis/redis-cluster.ts"];

/** Seams whose tests need no process and no socket. Such test files never wait, so each core runs one at a time. */
const LIGHT_SEAMS = ["promises and timers of the breaker"];

/** Folders whose code must be covered to the last branch, by the tests in these folders alone. */
export const CORE = ["src/breaker/", "src/registry/", "src/policies/", "src/fleet/rules/"];

/** Tests that only `--all` runs: other SDKs, other languages, other tools, and the single file. */
const ALL_ONLY = [
  "tests/versions/",
  "tests/sdks/",
  "tests/executable/",
  "tests/package/tools/",
  "tests/prometheus/",
];

/** Modules through which a test file needs a tool. See tools.mjs. */
const NEEDS = [
  { tool: "redis-server", modules: ["tests/fleet/redis/redis-server.ts"] },
  { tool: "prometheus", modules: ["tests/prometheus/promtool.ts"] },
  { tool: "python3", modules: ["tests/runner/terminal.test.ts"] },
];

/**
 * Tests that run on one platform only. On other platforms, these files are left out. See
 * tests/only-where.ts for single tests in a file.
 */
const PLATFORMS = [{ platform: "linux", places: ["tests/executable/"] }];

/** The names of the Vitest projects, in the order in which they run. */
export const PROJECTS = ["shared", "separate", "all"];

/** Returns all test files for this platform, each as `{ path, project, seams, tools }`. */
export function selectTests() {
  return findTestFiles().filter(isOfThisPlatform).map(describeFile);
}

/** Matches a test file that watches its process: the warnings, or the open files. */
const WATCHES_PROCESS = /"warning"|"emitWarning"|\/proc\/self\/fd/;

/**
 * Returns whether a test file gets a process of its own. A file that watches its process does, since sockets of
 * an earlier file may still warn or close. So does each file of the project `all`, because it imports others.
 */
export function isAlone({ path, project }) {
  if (project === "all") return true;
  return project === "separate" && WATCHES_PROCESS.test(readFileSync(join(ROOT, path), "utf8"));
}

/** Returns whether a file is in a folder of {@link CORE}. */
export function isCore(path) {
  return isIn(path, CORE);
}

export function describeFile(path) {
  const imports = importsOf(path, isLeaf);
  const startsForeign = FOREIGN.some((module) => imports.has(module));
  const names = (rows) => rows.filter(({ modules }) => namesOne(imports, modules));
  const seams = names(SEAMS).map(({ name }) => name);
  const tools = names(NEEDS).map(({ tool }) => tool);
  return { path, project: projectOf(path, seams, startsForeign), seams, tools };
}

/**
 * Returns whether the search for seams stops at a module. It stops at sources, at scripts, and at helpers
 * that start other programs.
 */
export function isLeaf(module) {
  return /^(src|scripts)\//.test(module) || FOREIGN.includes(module);
}

function projectOf(path, seams, startsForeign) {
  if (isIn(path, ALL_ONLY)) return "all";
  const isLight = seams.every((name) => LIGHT_SEAMS.includes(name));
  return isLight && !startsForeign ? "shared" : "separate";
}

function isOfThisPlatform(path) {
  const row = PLATFORMS.find(({ places }) => isIn(path, places));
  return row === undefined || row.platform === process.platform;
}

function namesOne(imports, modules) {
  return [...imports].some((path) => modules.some((module) => isIn(path, [module])));
}

function isIn(path, places) {
  return places.some((place) => path === place || (place.endsWith("/") && path.startsWith(place)));
}
