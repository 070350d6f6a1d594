/** The packed package in a user's project: it loads, and its types and snippets compile and run. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import {
  createProject,
  installed,
  installProject,
  type Project,
  ROOT,
  readManifest,
} from "./project.js";
import { type Snippet, snippetsOfDocComments, snippetsOfMarkdown } from "./snippets.js";

/** Loading this one needs the Dagger SDK beside the package. */
const NEEDS_THE_SDK = "dagger-circuit-breaker/dagger";
/** The program is a bundle; the modules that it is made of are not shipped once more. */
const CLI_FILES = ["licenses.txt", "main.js", "program.cjs"];

const manifest = await readManifest();
const entries = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === "object")
  .map(([path]) => manifest.name + path.slice(1));

const pages = [
  ...readdirSync(ROOT).filter((path) => path.endsWith(".md")),
  ...filesIn("docs", ".md"),
];
const snippets = [
  ...pages.flatMap((page) => snippetsOfMarkdown(page, read(page))),
  ...filesIn("src", ".ts")
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => snippetsOfDocComments(path, read(path))),
];
const programs = snippets.filter(({ language }) => language === "ts");

describe("without the Dagger SDK", () => {
  let project: Project;
  beforeAll(async () => {
    project = await installProject();
  }, 120_000);
  afterAll(() => project.remove());

  test.each(entries.filter((entry) => entry !== NEEDS_THE_SDK))("%s loads", async (entry) => {
    await project.write("load.js", `console.log(Object.keys(await import("${entry}")).length);`);
    const { code, stdout, stderr } = await project.run("load.js");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  test(`${NEEDS_THE_SDK} says which package is missing`, async () => {
    await project.write("load.js", `await import("${NEEDS_THE_SDK}");`);
    const { code, stderr } = await project.run("load.js");
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot find package '@dagger.io/dagger'");
  });

  test("a process with breakers that are open, half-open or waiting to be asked ends by itself", async () => {
    await project.write(
      "idle.js",
      `import { CircuitBreaker, getCircuitBreaker } from "${manifest.name}";
       const open = getCircuitBreaker("open", { failureThreshold: 1, resetTimeoutMs: 3_600_000 });
       open.acquire().failure(new Error("down"));
       const halfOpen = new CircuitBreaker({ failureThreshold: 1, resetTimeoutMs: 1 });
       halfOpen.acquire().failure(new Error("down"));
       await new Promise((resolve) => setTimeout(resolve, 20));
       halfOpen.acquire();
       console.log(open.state, halfOpen.state);`,
    );
    const run = await project.run("idle.js");
    expect(run).toEqual({ code: 0, stdout: "open half-open\n", stderr: "" });
  });

  test.each(Object.keys(manifest.bin))("%s starts and tells its version", async (name) => {
    const run = await project.run(join("node_modules", ".bin", name), {}, ["--version"]);
    expect(run).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });
});

describe("with the Dagger SDK", () => {
  let project: Project;
  let session: SessionDouble;
  beforeAll(async () => {
    project = await createProject({
      "@dagger.io/dagger": installed("@dagger.io/dagger"),
      "@types/node": installed("@types/node"),
      "@redis/client": installed("@redis/client"),
    });
    session = await startSessionDouble();
    await project.write("snippets/entries.ts", everyEntry());
    for (const snippet of programs) await project.write(sourceOf(snippet), snippet.text);
  }, 120_000);
  afterAll(async () => {
    await session.stop();
    await project.remove();
  });

  const { ESNext, Node16, NodeNext } = ts.ModuleKind;
  test.each<[string, ts.CompilerOptions]>([
    ["node16", { module: Node16 }],
    ["bundler", { module: ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }],
    // The last one, whose output is what the next tests run.
    ["nodenext", { module: NodeNext, exactOptionalPropertyTypes: true }],
  ])(
    "types and snippets compile with the module resolution %s",
    (_name, options) => {
      expect(compile(project, options)).toEqual([]);
    },
    60_000,
  );

  test.each(programs.filter(({ runs }) => runs))("the snippet of $place runs", async (snippet) => {
    const output = sourceOf(snippet).replace(/\.ts$/, ".js");
    const { code, stderr } = await project.run(output, { ...session.environment });
    expect(code, stderr).toBe(0);
    // console.assert tells, and goes on.
    expect(stderr).not.toContain("Assertion failed");
  });
});

test("every folder in the package holds something that an export or the program needs", async () => {
  const project = await createProject({});
  try {
    const root = join(project.folder, "node_modules", manifest.name);
    const folders = readdirSync(join(root, "dist"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const reached = new Set(["cli", ...foldersReachedFrom(root)]);
    expect(folders.filter((name) => !reached.has(name))).toEqual([]);
    expect(readdirSync(join(root, "dist/cli")).sort()).toEqual(CLI_FILES);
  } finally {
    await project.remove();
  }
}, 60_000);

describe("snippets", () => {
  test("are found, and each names a language that is checked or that holds no program", () => {
    expect(programs.length).toBeGreaterThan(10);
    const texts = ["json", "yaml", "text", "mermaid", "groovy", "dockerfile", ""];
    // Of docs/proxy.md: tests/sdks run those in Python and Go, and say what the others can read.
    const others = ["python", "go", "java", "php", "rust", "elixir"];
    const known = ["ts", "sh", ...texts, ...others];
    expect(snippets.filter(({ language }) => !known.includes(language))).toEqual([]);
  });

  test.each(snippets.filter(({ language }) => language === "sh"))(
    "the commands of $place exist",
    ({ text }) => {
      expect(missingCommands(text)).toEqual([]);
    },
  );
});

/** The folders of dist from which a module of an export imports, over however many others. */
function foldersReachedFrom(root: string): Set<string> {
  const seen = new Set<string>();
  const waiting = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "object" ? [join(root, target.default)] : [],
  );
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const { importedFiles } = ts.preProcessFile(readFileSync(path, "utf8"), true, true);
    const own = importedFiles.filter(({ fileName }) => fileName.startsWith("."));
    waiting.push(...own.map(({ fileName }) => join(path, "..", fileName)));
  }
  return new Set([...seen].map((path) => relative(join(root, "dist"), path).split(sep)[0] ?? ""));
}

/** Type-checks the snippets and the declarations of our package, and writes JavaScript beside. */
function compile(project: Project, options: ts.CompilerOptions): string[] {
  const files = ["snippets/entries.ts", ...programs.map(sourceOf)];
  const program = ts.createProgram({
    rootNames: files.map((file) => join(project.folder, file)),
    options: {
      ...options,
      target: ts.ScriptTarget.ES2022,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
      types: ["node"],
      typeRoots: [join(project.folder, "node_modules", "@types")],
      moduleDetection: ts.ModuleDetectionKind.Force,
      strict: true,
      skipLibCheck: false,
    },
  });
  program.emit();
  return (
    ts
      .getPreEmitDiagnostics(program)
      // What is linked lies outside of the folder, and its types are its own affair.
      .filter(({ file }) => file === undefined || file.fileName.startsWith(project.folder))
      .map((diagnostic) => ts.formatDiagnostic(diagnostic, host(project)).trim())
  );
}

function host({ folder }: Project): ts.FormatDiagnosticsHost {
  return {
    getCurrentDirectory: () => folder,
    getCanonicalFileName: (name) => name,
    getNewLine: () => "\n",
  };
}

function everyEntry(): string {
  return entries.map((entry, index) => `export * as entry${index} from "${entry}";\n`).join("");
}

function sourceOf({ place }: Snippet): string {
  return `snippets/${place.replace(/[^\w.]+/g, "-").replace(/\.(ts|md)/, "")}.ts`;
}

/** The scripts, packages' scripts and files that a snippet of a shell names and that are not there. */
function missingCommands(text: string): string[] {
  const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = ""]) => name);
  const files = [
    ...text.matchAll(/(?:^|\s)((?:\.\/)?(?:scripts|examples|bench|docs)\/[\w./-]+)/gm),
  ];
  return [
    ...scripts.filter((name) => !(name in manifest.scripts)).map((name) => `npm run ${name}`),
    ...files.map(([, file = ""]) => file).filter((file) => !existsSync(join(ROOT, file))),
  ];
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${folder}/${path}`)
    .sort();
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
