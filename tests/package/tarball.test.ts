/** Tests the packed package in a user's project: it loads, and its types and snippets compile and run. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SessionDouble, startSessionDouble } from "../../src/testing/index.js";
import { compile } from "./compiler.js";
import {
  createProject,
  entriesOf,
  installed,
  installProject,
  type Project,
  ROOT,
  readManifest,
} from "./project.js";
import { type Snippet, snippetsOfDocComments, snippetsOfMarkdown } from "./snippets.js";

/** This entry needs the Dagger SDK, which users install themselves. */
const NEEDS_THE_SDK = "dagger-circuit-breaker/dagger";
/** This entry needs the API of OpenTelemetry, which users install themselves. */
const NEEDS_THE_API = "dagger-circuit-breaker/opentelemetry";
const API = ["@opentelemetry/api", "@opentelemetry/api-logs"];
/**
 * The only files of the command line in the package. The program is a bundle, so its modules are not
 * shipped separately.
 */
const CLI_FILES = ["licenses.txt", "main.js", "program.cjs"];
const SDK = "@dagger.io/dagger";

const manifest = await readManifest();
const entries = entriesOf(manifest);

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
    for (const entry of loading) {
      const text = `console.assert(Object.keys(await import("${entry}")).length > 0);`;
      await project.write(loaderOf(entry), text);
    }
  });
  afterAll(() => project.remove());

  const loading = entries.filter((entry) => ![NEEDS_THE_SDK, NEEDS_THE_API].includes(entry));
  const loaderOf = (entry: string) => `load-${entry.replace("/", "-")}.js`;
  let results: ReturnType<Project["runAll"]> | undefined;
  test.each(loading)("%s loads", async (entry) => {
    results ??= project.runAll(loading.map((one) => [loaderOf(one)]));
    const run = (await results).get(loaderOf(entry));
    expect(run).toEqual({ code: 0, stderr: "" });
  });

  test.each([
    [NEEDS_THE_SDK, SDK],
    [NEEDS_THE_API, API[0]],
  ])("%s names the missing package", async (entry, name) => {
    await project.write("load.js", `await import("${entry}");`);
    const { code, stderr } = await project.run("load.js");
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot find package '${name}'`);
  });

  test("a process with breakers that are open, half-open or due ends by itself", async () => {
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

  test.each(Object.keys(manifest.bin))("%s starts and prints its version", async (name) => {
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
      "@types/express": installed("@types/express"),
      express: installed("express"),
      fastify: installed("fastify"),
      ...Object.fromEntries(API.map((name) => [name, installed(name)])),
    });
    session = await startSessionDouble();
    await project.write("snippets/entries.ts", everyEntry());
    for (const snippet of programs) await project.write(sourceOf(snippet), snippet.text);
  });
  afterAll(async () => {
    await session.stop();
    await project.remove();
  });

  const files = ["snippets/entries.ts", ...programs.map(sourceOf)];
  const { ESNext, Node16, NodeNext } = ts.ModuleKind;
  test.each<[string, ts.CompilerOptions]>([
    ["node16", { module: Node16 }],
    ["bundler", { module: ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }],
    // This row must be the last, because the next tests run its output.
    ["nodenext", { module: NodeNext, exactOptionalPropertyTypes: true }],
  ])("types and snippets compile with the module resolution %s", (_name, options) => {
    const lib = ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"];
    expect(compile(project, files, { ...options, lib, types: ["node"] })).toEqual([]);
  });

  const runnable = programs.filter(({ runs }) => runs);
  let results: ReturnType<Project["runAll"]> | undefined;
  test.each(runnable)(
    "the snippet of $place runs",
    async (snippet) => {
      results ??= project.runAll(groupsOf(runnable), { ...session.environment });
      const { code, stderr } = (await results).get(outputOf(snippet)) ?? {};
      expect(code, stderr).toBe(0);
      // A failed console.assert only prints, so the output is checked too.
      expect(stderr).not.toContain("Assertion failed");
    },
    // The first test starts all snippets and waits for them.
    300_000,
  );
});

test("every folder in the package contains a file that an export or the program needs", async () => {
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
});

describe("snippets", () => {
  test("are found, and each has a language that is checked or contains no program", () => {
    expect(programs.length).toBeGreaterThan(10);
    const texts = ["json", "yaml", "text", "mermaid", "groovy", "dockerfile", ""];
    // Snippets of docs/proxy.md in other languages. tests/sdks runs those in Python, Go and Rust.
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

/** Returns the folders of dist that the exported modules import, directly or through others. */
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

/**
 * Groups the snippets that run in one thread. Snippets that import the Dagger SDK share a thread, because
 * loading the SDK takes far longer than running them.
 */
function groupsOf(snippets: readonly Snippet[]): string[][] {
  const usesSdk = ({ text }: Snippet) => text.includes(NEEDS_THE_SDK) || text.includes(SDK);
  const alone = snippets.filter((snippet) => !usesSdk(snippet));
  return [snippets.filter(usesSdk).map(outputOf), ...alone.map((snippet) => [outputOf(snippet)])];
}

function outputOf(snippet: Snippet): string {
  return sourceOf(snippet).replace(/\.ts$/, ".js");
}

function everyEntry(): string {
  return entries.map((entry, index) => `export * as entry${index} from "${entry}";\n`).join("");
}

function sourceOf({ place }: Snippet): string {
  return `snippets/${place.replace(/[^\w.]+/g, "-").replace(/\.(ts|md)/, "")}.ts`;
}

/** Returns the scripts and files that a shell snippet uses but that do not exist. */
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
