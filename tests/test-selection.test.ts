/**
 * Tests the rule that selects test files for other versions of Node.js, and the kind of process for each
 * file.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { importsOf } from "../scripts/checks/imports.mjs";
import { describeFile, isLeaf, SEAMS, selectTests } from "../scripts/checks/selection.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Modules of Node.js whose behavior has differed between the versions that we support. */
const DIFFERING = [
  "node:child_process",
  "node:dgram",
  "node:http",
  "node:http2",
  "node:https",
  "node:net",
  "node:sqlite",
  "node:tls",
  "node:worker_threads",
];
/** Files that skip tests when a language or another program is missing. In CI they skip none. */
const SKIPPING = [
  "tests/runner/terminal.test.ts",
  "tests/sdks/docs.test.ts",
  "tests/sdks/java-client.test.ts",
  "tests/sdks/session-double.test.ts",
  "tests/sdks/wire-demands.test.ts",
];
const files = selectTests();

/**
 * Returns the modules that a test file and its helpers in tests/ import. Helpers that run other programs
 * are left out.
 */
function ownImports(path: string): string[] {
  return [...importsOf(path, isLeaf)];
}

test("every test file has its place", () => {
  expect(files.length).toBeGreaterThan(250);
  expect(new Set(files.map(({ project }) => project))).toEqual(
    new Set(["shared", "separate", "all"]),
  );
});

test("a file that uses what differs between versions of Node.js imports a seam, so that it runs on all of them", () => {
  const wrong = files.filter(
    ({ path, seams }) =>
      seams.length === 0 && ownImports(path).some((module) => DIFFERING.includes(module)),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("a file that shares its process with others starts no process and opens no socket", () => {
  const wrong = files.filter(
    ({ path, project }) =>
      project === "shared" && ownImports(path).some((module) => DIFFERING.includes(module)),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("a module of ours that itself uses what differs is a seam for the tests beside it", () => {
  const users = files
    .filter(({ path }) => path.startsWith("src/"))
    .map(({ path, seams }) => ({ path, seams, subject: path.replace(".test.ts", ".ts") }))
    .filter(({ subject }) => existsSync(join(ROOT, subject)))
    .filter(({ subject }) =>
      [...importsOf(subject, (module) => module !== subject)].some((module) =>
        DIFFERING.includes(module),
      ),
    );
  expect(users.filter(({ seams }) => seams.length === 0).map(({ path }) => path)).toEqual([]);
});

test("every seam is there, and some test imports it", () => {
  const imported = new Set(files.flatMap(({ path }) => ownImports(path)));
  const isUsed = (module: string) =>
    module.endsWith("/")
      ? [...imported].some((path) => path.startsWith(module))
      : imported.has(module);
  const stale = SEAMS.flatMap(({ modules }) => modules).filter((module) => !isUsed(module));
  expect(stale).toEqual([]);
});

test("only what a tool is missing for is skipped, so that in CI nothing is", () => {
  const skips = files.filter(({ path }) =>
    /\b(?:test|it|describe|context)[.\w]*\.(?:skip|skipIf|runIf|todo)\b/.test(
      readFileSync(join(ROOT, path), "utf8"),
    ),
  );
  expect(skips.map(({ path }) => path)).toEqual(SKIPPING);
});

test("a file is described by its imports alone", () => {
  expect(describeFile("tests/proxy/http2.test.ts")).toMatchObject({
    project: "separate",
    seams: expect.arrayContaining(["HTTP/2"]),
    tools: [],
  });
  expect(describeFile("src/options/check.test.ts")).toMatchObject({ project: "shared", seams: [] });
  expect(describeFile("tests/fleet/redis/redis-conformance.test.ts")).toMatchObject({
    seams: [],
    tools: ["redis-server"],
  });
});
