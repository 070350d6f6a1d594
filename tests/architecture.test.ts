/** Tests the rules of the code: which folders may import which, the length of files, and required comments. */

import { readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SRC = join(ROOT, "src");

/** The folders of src. A row may import the rows above it. Folders in one row must not import each other. */
const ROWS = [
  ["options"],
  ["files"],
  ["breaker"],
  ["policies"],
  ["registry"],
  ["attribution"],
  ["sockets"],
  ["fleet"],
  ["guard"],
  ["quota"],
  ["traces"],
  ["dagger", "proxy", "runner"],
  ["telemetry"],
  ["cli"],
  ["testing"],
];
/** Folders of pure code, which may not read files, open sockets or ask the system. */
const PURE = ["options", "breaker", "registry", "attribution", "guard", "quota"];
/** Exceptions in these folders: their code stores data that outlives the process. */
const STORES = ["guard/digests/", "guard/locks/lock-file.ts"];
/** The rooms of a folder that each room may import. A room that is not listed may import no other room. */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  attribution: {
    reading: ["log"],
    rules: ["query", "reading"],
    "command-line": ["query"],
    classify: ["command-line", "log", "query", "reading", "rules"],
    spans: ["classify", "query", "reading"],
  },
  breaker: { state: ["trip"], calls: ["state"] },
  cli: {},
  fleet: {
    client: ["rules"],
    http: ["rules"],
    memory: ["rules"],
    redis: ["rules"],
    sqlite: ["rules"],
  },
  guard: {
    locks: ["digests"],
    admission: ["judgement", "request"],
    rewrite: ["digests", "locks"],
    request: ["admission", "judgement", "locks"],
    wire: ["judgement"],
  },
  policies: {},
  proxy: {
    http1: ["sessions"],
    http2: ["sessions"],
    query: ["http1", "sessions"],
    "stand-in": ["sessions"],
  },
  runner: {
    attempt: ["ending", "input", "output", "signals"],
    ending: ["input"],
    input: ["output"],
    report: ["attempt", "contacts", "output", "signals"],
  },
  telemetry: {
    opentelemetry: ["metrics"],
    prometheus: ["metrics"],
    grafana: ["metrics", "prometheus"],
  },
  testing: {},
  traces: {
    forwarding: ["otlp"],
    receiver: ["forwarding", "otlp"],
    logs: ["forwarding", "receiver"],
  },
};
/** The session double, the largest room. The files directly in it put its inner rooms together. */
const DOUBLE = "testing/session/";
/** The inner rooms of the double, and what each may import: only rooms listed before it, and no file of the double itself. */
const ROOMS_OF_THE_DOUBLE: Readonly<Record<string, readonly string[]>> = {
  faults: [],
  query: [],
  files: ["faults"],
  traces: ["faults"],
  options: ["faults", "query", "traces"],
  engine: ["faults", "files", "options", "query", "traces"],
  calls: ["engine", "faults", "files", "query", "traces"],
  registry: ["engine", "faults", "traces"],
  modules: ["calls", "engine", "faults", "files", "options", "query", "traces"],
  resolve: ["calls", "engine", "faults", "files", "modules", "query", "registry", "traces"],
  command: ["traces"],
};
/** The only file directly in cli/ that may import commands, because it finds the requested command. */
const COMMAND_LINE = "cli/command-line.ts";
/** The pure judge: it turns facts into outcomes, and may not import breakers, permits or stores. */
const JUDGE = "guard/judgement/judge.ts";
const UNKNOWN_TO_THE_JUDGE = /^(?:breaker|policies|fleet)\//;
const LONGEST_FILE = 320;

/** Folders with programs that load built modules by path. No compiler checks these paths. */
const USERS_OF_THE_BUILD = ["bench", "scripts", "tests"];

interface Source {
  /** The path relative to src, with slashes, such as `breaker/machine.ts`. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** The paths that the file imports, as written there. Includes types and `import()`. */
  readonly imports: readonly string[];
}

const everyFile = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.replaceAll("\\", "/"))
  .sort();
const sources = everyFile.filter((path) => !path.endsWith(".test.ts")).map(readSource);
const known = new Set(sources.map(({ path }) => path));

test("every folder of src has its place in the order of the folders", () => {
  const folders = new Set(sources.map(({ folder }) => folder));
  expect([...folders].filter((folder) => folder !== "" && rowOf(folder) < 0)).toEqual([]);
});

test("every module of the build that a program names has a source", () => {
  const named = USERS_OF_THE_BUILD.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(mjs|ts)$/.test(path) && !path.includes("node_modules"))
      .flatMap((path) => {
        const text = readFileSync(join(ROOT, folder, path), "utf8");
        const modules = text.matchAll(/["'`](?:[./]*dist|\$\{dist\})\/([\w/.-]+)\.js["'`]/g);
        return [...modules].map(([, module]) => ({
          user: `${folder}/${path}`,
          module: `${module}.ts`,
        }));
      }),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ module }) => !known.has(module))).toEqual([]);
});

test("a folder imports only itself and folders above it", () => {
  const wrong = sources.flatMap(({ path, folder, imports }) =>
    imports
      .filter(isRelative)
      .map((name) => folderOf(targetOf(path, name)))
      .filter((other) => folder !== "" && other !== folder && rowOf(other) >= rowOf(folder))
      .map((other) => `${path} imports ${other || "index.ts"}, which is not above ${folder}`),
  );
  expect(wrong).toEqual([]);
});

test("a room imports only itself, its folder, and the rooms that it may know", () => {
  const wrong = sources.flatMap(({ path, folder, imports }) => {
    const rooms = ROOMS[folder];
    const room = roomOf(path);
    if (rooms === undefined || room === "") return [];
    return imports
      .filter(isRelative)
      .map((name) => targetOf(path, name))
      .filter((target) => folderOf(target) === folder && !["", room].includes(roomOf(target)))
      .filter((target) => !rooms[room]?.includes(roomOf(target)))
      .map((target) => `${path} imports ${target}, which is in a room of its own`);
  });
  expect(wrong).toEqual([]);
});

test("an inner room of the session double imports only the rooms that it may know", () => {
  const inner = sources.filter(({ path }) => innerRoomOf(path) !== "");
  expect(inner.length).toBeGreaterThan(0);
  const wrong = inner.flatMap(({ path, imports }) => {
    const room = innerRoomOf(path);
    return imports
      .filter(isRelative)
      .map((name) => targetOf(path, name))
      .filter((target) => target.startsWith(DOUBLE) && innerRoomOf(target) !== room)
      .filter((target) => !ROOMS_OF_THE_DOUBLE[room]?.includes(innerRoomOf(target)))
      .map((target) => `${path} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("code shared by several commands knows none of them", () => {
  const wrong = sources
    .filter(({ path, folder }) => folder === "cli" && roomOf(path) === "" && path !== COMMAND_LINE)
    .flatMap(({ path, imports }) =>
      imports
        .filter(isRelative)
        .map((name) => targetOf(path, name))
        .filter((target) => folderOf(target) === "cli" && roomOf(target) !== "")
        .map((target) => `${path} imports ${target}`),
    );
  expect(wrong).toEqual([]);
});

test("the judge knows at most types of breakers", () => {
  const { text } = sources.find(({ path }) => path === JUDGE) ?? { text: "" };
  const values = [...text.matchAll(/^import (?!type )[^;]*? from "([^"]+)";/gm)];
  const known = values.map(([, name = ""]) => targetOf(JUDGE, name));
  expect(known.length).toBeGreaterThan(0);
  expect(known.filter((target) => UNKNOWN_TO_THE_JUDGE.test(target))).toEqual([]);
});

test("a relative import names a file of src by its .js name", () => {
  const wrong = sources.flatMap(({ path, imports }) =>
    imports
      .filter((name) => isRelative(name) && !known.has(targetOf(path, name)))
      .map((name) => `${path} imports ${name}`),
  );
  expect(wrong).toEqual([]);
});

test("no imports are circular, not even imports of types", () => {
  expect(findCircles().map((circle) => circle.join(" -> "))).toEqual([]);
});

test(`${PURE.join(", ")} do no input or output`, () => {
  const wrong = sources
    .filter(
      ({ path, folder }) =>
        PURE.includes(folder) && !STORES.some((store) => path.startsWith(store)),
    )
    .flatMap(({ path, imports }) =>
      imports.filter((name) => isBuiltin(name)).map((name) => `${path} imports ${name}`),
    );
  expect(wrong).toEqual([]);
});

test(`no file of src is longer than ${LONGEST_FILE} lines`, () => {
  const tooLong = everyFile
    .map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path} has ${lines} lines`);
  expect(tooLong).toEqual([]);
});

test("every source begins with its purpose", () => {
  const silent = sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*\s+\S/.test(text));
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("every public export has a doc comment", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const entries = Object.values<string | { types: string }>(exports)
    .flatMap((target) => (typeof target === "object" ? [target.types] : []))
    .map((types) => join(ROOT, types.replace("dist", "src").replace(".d.ts", ".ts")));
  expect(entries.length).toBeGreaterThan(0);
  const program = ownProgram(entries);
  expect(entries.flatMap((entry) => undocumentedExports(program, entry))).toEqual([]);
});

function undocumentedExports(program: ts.Program, entry: string): string[] {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${entry} is no module`);
  return checker
    .getExportsOfModule(module)
    .map((symbol) =>
      symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    )
    .filter((symbol) => isOurs(symbol) && symbol.getDocumentationComment(checker).length === 0)
    .map((symbol) => `${symbol.name} of ${relative(ROOT, entry)}`);
}

/** Returns whether a symbol is declared in src, and not in another package. */
function isOurs(symbol: ts.Symbol): boolean {
  const declarations = symbol.getDeclarations() ?? [];
  return declarations.some((node) => node.getSourceFile().fileName.startsWith(SRC));
}

/**
 * Creates a TypeScript program of only our own sources, because resolving imports of packages takes
 * seconds.
 */
function ownProgram(rootNames: string[]): ts.Program {
  const options = { ...readCompilerOptions(), noLib: true, types: [] };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, containingFile) =>
    literals.map(({ text }) => ({
      resolvedModule: isRelative(text)
        ? ts.resolveModuleName(text, containingFile, options, host).resolvedModule
        : undefined,
    }));
  return ts.createProgram({ rootNames, options, host });
}

function readCompilerOptions(): ts.CompilerOptions {
  const path = join(ROOT, "tsconfig.json");
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path)).options;
}

/** Returns each import cycle as a list of files. The first file is repeated at the end. */
function findCircles(): string[][] {
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.filter(isRelative).map((name) => targetOf(path, name)),
    ]),
  );
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return circles;
}

function readSource(path: string): Source {
  const text = read(path);
  const imports = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return { path, folder: folderOf(path), text, imports };
}

function read(path: string): string {
  return readFileSync(join(SRC, path), "utf8");
}

/** Returns the folder of src that contains a file; empty for src/index.ts. */
function folderOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : "";
}

/** Returns the room that contains a file; empty for a file directly in its folder. */
function roomOf(path: string): string {
  const [, room = "", ...rest] = path.split("/");
  return rest.length > 0 ? room : "";
}

/** Returns the inner room of the session double; empty for its own files and all others. */
function innerRoomOf(path: string): string {
  const [room = "", ...rest] = path.startsWith(DOUBLE) ? path.slice(DOUBLE.length).split("/") : [];
  return rest.length > 0 ? room : "";
}

function rowOf(folder: string): number {
  return ROWS.findIndex((row) => row.includes(folder));
}

function isRelative(name: string): boolean {
  return name.startsWith(".");
}

function targetOf(path: string, name: string): string {
  return posix.join(posix.dirname(path), name).replace(/\.js$/, ".ts");
}
