/** Tests the table of tools in docs/install.md: which tools work, which fail, and how to fix the failure. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { otherNodes } from "../../../scripts/installing/node-versions.mjs";
import { compile } from "../compiler.js";
import { createProject, installed, type Project, ROOT, type Run } from "../project.js";

const PACKAGE = "dagger-circuit-breaker";
const TOOLS = join(ROOT, "tests/node_modules");
const WITH_MODULES = "--experimental-vm-modules";

/** A program that uses two entries and prints the result. */
const USE = `
  const breaker = new CircuitBreaker({ name: "api" });
  const { fault } = classifyFailure("dial tcp: lookup ghcr.io: no such host");
  breaker.execute(() => "called").then((answer) => console.log(answer, typeof fault));
`;
const IMPORTING = `
  import { CircuitBreaker } from "${PACKAGE}";
  import { classifyFailure } from "${PACKAGE}/attribution";
  ${USE}
`;
const IMPORTING_MAIN = `
  import { CircuitBreaker } from "${PACKAGE}";
  new CircuitBreaker().execute(() => "called").then((answer) => console.log(answer, typeof answer));
`;
const REQUIRING = `
  const { CircuitBreaker } = require("${PACKAGE}");
  const { classifyFailure } = require("${PACKAGE}/attribution");
  ${USE}
`;
/** A program for CommonJS. It uses `import()`, because CommonJS cannot require an ES module. */
const IMPORTING_LATER = `
  async function main() {
    const { CircuitBreaker } = await import("${PACKAGE}");
    const { classifyFailure } = await import("${PACKAGE}/attribution");
    ${USE}
  }
  main();
`;
const CALLED = { code: 0, stdout: "called string\n", stderr: "" };

let project: Project;
beforeAll(async () => {
  project = await createProject({ "@types/node": installed("@types/node") });
  // npm init creates the same package.json. With it, .js and .ts files are CommonJS.
  await project.write("package.json", JSON.stringify({ private: true }));
});
afterAll(() => project.remove());

function runIn(node: string, args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const options = { cwd: project.folder, timeout: 120_000 };
    const child = execFile(node, args, options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

describe("TypeScript", () => {
  const { CommonJS, ESNext, Node16, NodeNext } = ts.ModuleKind;
  const { Bundler } = ts.ModuleResolutionKind;
  const nodenext: ts.CompilerOptions = { module: NodeNext };
  const node16: ts.CompilerOptions = { module: Node16 };
  const bundler: ts.CompilerOptions = { module: ESNext, moduleResolution: Bundler };
  const commonjs: ts.CompilerOptions = { module: CommonJS };

  async function compiled(name: string, text: string, options: ts.CompilerOptions) {
    await project.write(name, text);
    const lib = ["lib.es2022.d.ts"];
    return compile(project, [name], { ...options, lib, types: ["node"] });
  }

  test.each<[string, ts.CompilerOptions, string, string]>([
    ["nodenext compiles ES modules", nodenext, "nodenext.mts", IMPORTING],
    ["nodenext compiles CommonJS", nodenext, "nodenext.cts", IMPORTING],
    ["node16 compiles ES modules", node16, "node16.mts", IMPORTING],
    ["node16 compiles CommonJS that imports later", node16, "node16.cts", IMPORTING_LATER],
    ["nodenext compiles CommonJS by the package.json", nodenext, "by-package.ts", IMPORTING],
    ["commonjs compiles the main entry", commonjs, "commonjs.ts", IMPORTING_MAIN],
  ])("%s, and the output runs", async (_title, options, name, text) => {
    expect(await compiled(name, text, options)).toEqual([]);
    const output = name.replace(/ts$/, "js");
    expect(await project.run(output)).toEqual(CALLED);
  });

  test("bundler compiles", async () => {
    // Node.js cannot run such output. tests/package/bundling.test.ts bundles and runs it.
    expect(await compiled("bundler.ts", IMPORTING, bundler)).toEqual([]);
  });

  test("node16 rejects CommonJS with a static import, and shows the remedy", async () => {
    const errors = await compiled("node16-at-once.cts", IMPORTING, node16);
    expect(errors).toHaveLength(2);
    for (const error of errors) expect(error).toMatch(/TS1479: .*dynamic 'import\(/s);
  });

  test("commonjs by itself finds only the main entry, and shows the remedy", async () => {
    const errors = await compiled("commonjs-alone.ts", IMPORTING, commonjs);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/TS2307: .*dagger-circuit-breaker\/attribution.*'bundler'/s);
  });
});

describe("require", () => {
  test("loads the package in each supported Node.js", async () => {
    await project.write("requiring.cjs", REQUIRING);
    const others = (await otherNodes()).flatMap(({ binary }) => binary ?? []);
    expect(others.length).toBeGreaterThan(0);
    for (const node of [process.execPath, ...others]) {
      expect({ node, ...(await runIn(node, ["requiring.cjs"])) }).toEqual({ node, ...CALLED });
    }
  });
});

describe.each(["jest-29", "jest-30"])("%s", (jest) => {
  const program = join(TOOLS, jest, "bin/jest.js");
  const TEST = `test("calls", async () => {
    expect(await new CircuitBreaker().execute(() => "called")).toBe("called");
  });`;

  beforeAll(async () => {
    await project.write("calls.test.mjs", `import { CircuitBreaker } from "${PACKAGE}";\n${TEST}`);
    const later = TEST.replace(
      "=> {",
      `=> { const { CircuitBreaker } = await import("${PACKAGE}");`,
    );
    await project.write("later.test.js", later);
    await project.write(
      "required.test.js",
      `const { CircuitBreaker } = require("${PACKAGE}");\n${TEST}`,
    );
  });

  async function jestOf(file: string, ...options: readonly string[]): Promise<Run> {
    const match = ["--testMatch", `**/${file}`];
    return runIn(process.execPath, [
      ...options,
      program,
      "--runInBand",
      "--watchman=false",
      ...match,
    ]);
  }

  test.each(["calls.test.mjs", "later.test.js"])("runs %s with Node's modules", async (file) => {
    const { code, stderr } = await jestOf(file, WITH_MODULES);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("Tests:       1 passed, 1 total");
  });

  test.each(["calls.test.mjs", "later.test.js", "required.test.js"])(
    "does not run %s without them",
    async (file) => {
      const { code, stderr } = await jestOf(file);
      expect(code).toBe(1);
      expect(stderr).toMatch(/SyntaxError|experimental-vm-modules|ES module/i);
    },
  );
});

test("Vitest runs tests that import the package", async () => {
  await project.write(
    "calls.spec.ts",
    `import { CircuitBreaker } from "${PACKAGE}";
     import { classifyFailure } from "${PACKAGE}/attribution";
     import { expect, test } from "vitest";
     test("calls", async () => {
       expect(await new CircuitBreaker().execute(() => "called")).toBe("called");
       expect(classifyFailure("no such host")).toBeTypeOf("object");
     });`,
  );
  const vitest = installed("vitest");
  const own = await createProject({ vitest });
  try {
    await own.write("calls.spec.ts", readFileSync(join(project.folder, "calls.spec.ts"), "utf8"));
    const { code, stdout, stderr } = await own.run(join(vitest, "vitest.mjs"), {}, ["run"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/Tests.*1 passed/);
  } finally {
    await own.remove();
  }
});

test.each([
  ["ES modules", "program.mts", IMPORTING],
  ["CommonJS", "program.ts", IMPORTING],
  ["CommonJS that imports later", "program.cts", IMPORTING_LATER],
])("tsx runs %s", async (_title, name, text) => {
  await project.write(name, text);
  const run = await project.run(join(TOOLS, "tsx/dist/cli.mjs"), {}, [name]);
  expect(run).toEqual(CALLED);
});
