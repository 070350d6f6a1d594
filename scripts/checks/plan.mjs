/** Lists the checks of scripts/test.sh for each of its options, in their order. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installVersions, otherNodes } from "../installing/node-versions.mjs";
import { packedPackage } from "../packaging/packed-package.mjs";
import { installSdks } from "../sdk-toolchains.mjs";
import { runCommand } from "./command.mjs";
import { isCore, PROJECTS, selectTests } from "./selection.mjs";
import { runTests } from "./tests.mjs";
import { findTool } from "./tools.mjs";

const TITLES = {
  core: "Unit tests of the core, with coverage",
  shared: "Unit tests",
  separate: "Tests with processes and sockets",
  all: "SDKs, tools and the single file",
};

/** The checks of `./scripts/test.sh --quick`, of `./scripts/test.sh`, and of `./scripts/test.sh --all`. */
export const extents = { quick: checkUnits, default: checkDefault, all: checkEverything };

/** Runs the checks of `--quick`: the tests in src/, which start no process and open no socket. */
async function checkUnits(context) {
  const files = pathsOf(selectTests().filter(({ path }) => path.startsWith("src/")));
  await runTests(context.sections, TITLES.shared, files, { times: context.times });
}

/** Runs all tests of behavior once, on the present Node.js. */
async function checkDefault(context) {
  await checkSources(context);
  await checkPackage(context);
  await runOn(context, await withoutTools(context, selectTests().filter(isDefault)));
}

/**
 * Runs the default checks, and then the tests that depend on the version of Node.js, on SDKs or on
 * languages.
 */
async function checkEverything(context) {
  const { sections } = context;
  await checkDefault(context);
  const isInstalled = await sections.run("Node.js and SDK versions", async () => {
    await installVersions();
    return {};
  });
  if (!isInstalled) return;
  await sections.run("SDKs of other languages", () => readySdks(context));
  const others = selectTests().filter((file) => !isDefault(file));
  await runProject(context, "all", await withoutTools(context, others));
  const selected = await withoutTools(context, selectTests().filter(isDefault), false);
  for (const { title, binary, problem } of await otherNodes()) {
    if (binary === undefined) await sections.run(title, async () => problem);
    else await runOn(context, selected.filter(differs), { title, node: binary });
  }
}

async function checkSources({ sections }) {
  await check(sections, "Formatting and lint (Biome)", tool("biome"), ["check", "."]);
  await check(sections, "Words (docs, messages, comments)", process.execPath, [
    "scripts/check-words.mjs",
  ]);
  await check(sections, "Types (tsc)", tool("tsc"), ["-p", "tsconfig.json"]);
  await check(sections, "Unused files, exports, dependencies (knip)", tool("knip"), [
    "--no-progress",
  ]);
}

async function checkPackage({ sections }) {
  let tarball;
  const isPacked = await sections.run("Package (npm pack)", async () => {
    ({ tarball } = await packedPackage());
    return {};
  });
  if (!isPacked) return;
  await check(sections, "Package (publint)", tool("publint"), ["run", tarball, "--strict"]);
  await check(sections, "Package types (attw)", tool("attw"), [tarball, "--profile", "esm-only"]);
}

/** Runs the tests that every run includes. Coverage of the core is measured only on the present Node.js. */
async function runOn(context, selected, { title, node } = {}) {
  for (const project of PROJECTS.filter((name) => name !== "all")) {
    await runProject(context, project, selected, { title, node });
  }
}

async function runProject(context, project, selected, { title, node } = {}) {
  const { sections, times } = context;
  const files = pathsOf(selected.filter((file) => file.project === project));
  const name = title === undefined ? TITLES[project] : `${TITLES[project]}, ${title}`;
  if (project !== "shared" || node !== undefined) {
    await runTests(sections, name, files, { node, times });
    return;
  }
  // Measuring coverage takes longer than the tests, so only the tests of the core run with it.
  await runCovered(context, files.filter(isCore));
  await runTests(
    sections,
    name,
    files.filter((file) => !isCore(file)),
    { times },
  );
}

async function runCovered({ sections, times }, files) {
  const folder = await mkdtemp(join(tmpdir(), "dagger-circuit-breaker-coverage-"));
  try {
    const args = ["--coverage", `--coverage.reportsDirectory=${folder}`];
    await runTests(sections, TITLES.core, files, { args, times });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Leaves out test files whose tool is missing. They count as skipped, but in CI as failed. */
async function withoutTools({ sections, installs, maySkip }, selected, isFirst = true) {
  let left = selected;
  for (const name of new Set(selected.flatMap(({ tools }) => tools))) {
    const problem = await findTool(name, { installs });
    if (problem === undefined) continue;
    const files = pathsOf(left.filter(({ tools }) => tools.includes(name)));
    left = left.filter(({ tools }) => !tools.includes(name));
    if (!isFirst) continue;
    if (!maySkip) await sections.run(name, async () => ({ failed: problem }));
    else {
      await runTests(sections, `Skipped without ${name}`, files, { skips: true });
      sections.skipHint(problem);
    }
  }
  return left;
}

async function readySdks({ sections, installs, maySkip }) {
  const problems = await installSdks({ installs });
  if (problems.length === 0) return {};
  if (!maySkip) return { failed: problems.join("\n") };
  for (const problem of problems) sections.skipHint(problem);
  return { note: `${problems.length} missing` };
}

/** Returns whether the default checks run a test file. */
function isDefault({ project }) {
  return project !== "all";
}

function differs({ seams, project }) {
  return seams.length > 0 && isDefault({ project });
}

/** Runs one command as a section. */
function check(sections, title, command, args) {
  return sections.run(title, async ({ signal }) => {
    const { status, output } = await runCommand(command, args, { signal });
    return status === 0 ? {} : { failed: output };
  });
}

function pathsOf(files) {
  return files.map(({ path }) => path);
}

function tool(name) {
  return join("node_modules", ".bin", name);
}
