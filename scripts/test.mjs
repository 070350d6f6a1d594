/** Runs every check of the project, one section each, and ends with one line of totals. */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installVersions, otherNodes } from "./node-versions.mjs";
import { packedPackage } from "./packed-package.mjs";
import { installRedisServer } from "./redis-server.mjs";
import { installSdks } from "./sdk-toolchains.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What is packed, built or simulated, other languages and servers do not depend on the version of Node. */
const RUN_ONCE = [
  "tests/package/**",
  "tests/executable/**",
  "tests/sdks/**",
  "tests/fleet/simulation.test.ts",
  "tests/fleet/redis-failures.test.ts",
  "tests/fleet/redis-secure.test.ts",
  "tests/fleet/proofs/half-open.test.ts",
  "tests/fleet/proofs/store-faults.test.ts",
];
/** What starts dozens of processes, so that nothing else runs beside it. */
const CROWDED = "tests/fleet/proofs";
/** A section that runs longer than this hangs. */
const SECTION_LIMIT_MS = 45 * 60_000;

const totals = { passed: 0, failed: 0 };

const { quick } = readArguments(process.argv.slice(2));
const scratch = await mkdtemp(join(tmpdir(), "dagger-circuit-breaker-checks-"));
try {
  await (quick ? runUnitTests() : runEverything());
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed === 0 ? 0 : 1;

function readArguments(given) {
  const unknown = given.filter((argument) => argument !== "--quick");
  if (unknown.length > 0) {
    console.error(`Unknown argument ${unknown.join(" ")}. Usage: ./scripts/test.sh [--quick]`);
    process.exit(2);
  }
  return { quick: given.includes("--quick") };
}

async function runUnitTests() {
  if (!(await check("Install and build", "scripts/prepare.sh"))) return;
  await runTests("Unit tests", process.execPath, ["src"]);
}

async function runEverything() {
  // Output of sources that are no more would be packed and tested as well.
  for (const folder of ["dist", "build"]) {
    await rm(join(ROOT, folder), { recursive: true, force: true });
  }
  if (!(await check("Install and build", "scripts/prepare.sh"))) return;

  await check("Formatting and lint (Biome)", tool("biome"), ["check", "."]);
  await check("Types (tsc)", tool("tsc"), ["-p", "tsconfig.json"]);
  await check("Unused files, exports, dependencies (knip)", tool("knip"), ["--no-progress"]);
  await checkTarball();

  if (!(await section("SDK and Node versions", installVersions))) return;
  await section("SDKs of other languages", installSdks);
  await section("Redis server", installRedisServer);
  await runAllTests(`Node ${process.versions.node}`, process.execPath, ["--coverage"]);
  for (const { title, binary, problem } of await otherNodes()) {
    if (binary) await runAllTests(title, binary, [], RUN_ONCE);
    else await section(`Tests, ${title}`, async () => problem);
  }
}

async function runAllTests(title, node, options, without = []) {
  const excluded = without.flatMap((path) => ["--exclude", path]);
  const quiet = ["--exclude", `${CROWDED}/**`];
  await runTests(`Tests, ${title}`, node, [...options, ...excluded, ...quiet]);
  const alone = [CROWDED, "--no-file-parallelism"];
  await runTests(`Tests with many processes, ${title}`, node, [...alone, ...excluded]);
}

async function checkTarball() {
  let tarball = "";
  const pack = async () => {
    try {
      tarball = (await packedPackage()).tarball;
      return {};
    } catch (error) {
      return { failed: `${error.stdout ?? ""}${error.stderr ?? ""}` || error.message };
    }
  };
  if (!(await section("Package (npm pack)", pack))) return;
  await check("Package (publint)", tool("publint"), ["run", tarball, "--strict"]);
  await check("Package types (attw)", tool("attw"), [tarball, "--profile", "esm-only"]);
}

/** Runs vitest in the given Node and adds its counts to the totals. */
async function runTests(title, node, options) {
  const report = join(scratch, "report.json");
  await section(title, async () => {
    await rm(report, { force: true });
    const vitest = join("node_modules", "vitest", "vitest.mjs");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { status, output } = await run(node, [vitest, "run", ...reporters, ...options]);
    const counts = JSON.parse(await readFile(report, "utf8").catch(() => "{}"));
    const { numPassedTests: passed = 0, numFailedTests: failed = 0, numPendingTests = 0 } = counts;
    totals.passed += passed;
    totals.failed += failed;
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
    const note = `${passed} passed, ${failed} failed${skipped}`;
    if (status === 0 && failed === 0) return { note };
    // A file that does not load, an unhandled rejection or a missed threshold fails no single test.
    return { note, failed: output, counted: failed > 0 };
  });
}

/** One section that is one command. Resolves to whether it went well. */
function check(title, command, args = []) {
  return section(title, async () => {
    const { status, output } = await run(command, args);
    return status === 0 ? {} : { failed: output };
  });
}

/**
 * Runs one section and prints a line when it is fine, its whole output when it is not. The body
 * resolves to what to add to the line (`note`), and when it failed to its output (`failed`) and to
 * whether the failure is in the totals already (`counted`).
 */
async function section(title, body) {
  process.stdout.write(`${title} ... `);
  const start = performance.now();
  const { note, failed, counted } = await body();
  const took = `${((performance.now() - start) / 1_000).toFixed(1)} s`;
  console.log([failed === undefined ? "ok" : "FAILED", note, took].filter(Boolean).join(", "));
  if (failed === undefined) return true;
  if (!counted) totals.failed += 1;
  console.log(`\n${failed.trimEnd()}\n`);
  return false;
}

function tool(name) {
  return join("node_modules", ".bin", name);
}

/** Runs a command in the project's folder and resolves to its status and its output. */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: SECTION_LIMIT_MS,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", (error) => resolve({ status: 1, output: `${output}\n${error.message}` }));
    child.on("close", (status, signal) => {
      resolve({ status: status ?? 1, output: signal ? `${output}\nended by ${signal}` : output });
    });
  });
}
