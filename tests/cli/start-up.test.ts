/** Tests that `dagger-breaker` starts fast, because it loads only the code that it needs. */

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { testWhere } from "../only-where.js";
import { builtCli } from "./built-cli.js";

const cli = builtCli();
const execute = promisify(execFile);
const require = createRequire(import.meta.url);
const { version } = require("../../package.json") as { version: string };

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** Returns the code that a command loads: our own modules by their path in src, packages by name. */
async function loadedBy(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(cli.folder, "loaded-"));
  const run = await cli.run(args, {
    // The coverage of code from the compile cache is less exact, so the cache is off.
    env: { NODE_V8_COVERAGE: folder, NODE_DISABLE_COMPILE_CACHE: "1", ...env },
  });
  expect(run.exitCode, run.stderr).toBe(0);
  const reports = readdirSync(folder).map(
    (name): Coverage => JSON.parse(readFileSync(join(folder, name), "utf8")),
  );
  const names = reports.flatMap(({ result }) =>
    result.flatMap(({ url, functions }) => [
      ...packageOf(url),
      // In the bundle, each optional module is a function with the name of its file. It is loaded when that
      // function has run.
      ...functions
        .filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0)
        .flatMap(({ functionName }) => moduleOf(functionName)),
    ]),
  );
  return [...new Set(names)].sort();
}

function moduleOf(path: string): readonly string[] {
  const [, own] = /^src\/(.+)\.ts$/.exec(path) ?? [];
  return own === undefined ? packageOf(path) : [own];
}

function packageOf(path: string): readonly string[] {
  const [, name] = /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/.][^/]*)\//.exec(path) ?? [];
  return name === undefined ? [] : [name];
}

const run = (env: Readonly<Record<string, string>> = {}) => loadedBy(["run", "--", "true"], env);
const ofFleet = (loaded: readonly string[]) => loaded.filter((name) => name.startsWith("fleet/"));
/** Returns which of the loaded modules are stores or clients of Redis. */
const ofStores = (loaded: readonly string[]) =>
  loaded.filter((name) => /^fleet\/.*\/\w+-store$|^ioredis$|^@redis\//.test(name));
const ofCommands = (loaded: readonly string[]) =>
  loaded.filter((name) => /^cli\/\w+\/command$|^cli\/fleet\//.test(name));

test("without a store it loads nothing that only shared circuits need", async () => {
  const loaded = await run();
  expect(loaded).toContain("runner/guarded-run");
  expect(ofStores(loaded)).toEqual([]);
  // These modules are needed without a store too. Other files need a folder as well. Scope, token and URL
  // are checked early. A rejection may come from another process.
  expect([...ofFleet(loaded)].sort()).toEqual([
    "fleet/client/shared-open-error",
    "fleet/folders",
    "fleet/foreign-text",
    "fleet/http/token",
    "fleet/key-word",
    "fleet/store-url",
  ]);
});

test.each([
  ["http://127.0.0.1:1", ["fleet/http/http-store"]],
  ["sqlite:fleet.db", ["fleet/sqlite/sqlite-store"]],
  ["redis://127.0.0.1:1", ["@redis/client", "fleet/redis/redis-store"]],
])("with %s it loads that store and no other", async (store, expected) => {
  const path = store.replace("sqlite:", `sqlite:${cli.folder}/`);
  const env = { DAGGER_BREAKER_STORE: path, DAGGER_BREAKER_STORE_TOKEN: "t".repeat(32) };
  expect(ofStores(await run(env))).toEqual(expected);
});

test("loads an OpenTelemetry SDK only to send metrics", async () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  const ofSdk = (loaded: readonly string[]) =>
    loaded.filter((name) => /^@opentelemetry\/|^cli\/otlp-/.test(name));
  expect(ofSdk(await run(env))).toEqual([]);
  const loaded = ofSdk(await run({ ...env, DAGGER_BREAKER_OTLP: "1" }));
  expect(loaded).toContain("cli/otlp-push");
  expect(loaded).toContain("@opentelemetry/exporter-metrics-otlp-proto");
});

test("loads no command to print its version", async () => {
  const loaded = await loadedBy(["--version"]);
  expect(ofCommands(loaded)).toEqual([]);
  // Cleaning the output needs `credentials`. Suggesting a command for an unknown one needs `close-words`.
  const others = loaded.filter((name) => !/^(?:cli|attribution)\//.test(name));
  expect(others.toSorted()).toEqual(["commander", "options/close-words", "options/credentials"]);
  expect(loaded).not.toContain("attribution/classifier");
});

test.each([
  [["trace", "--", "true"], "cli/trace/command"],
  [["classify", "--exit-code", "0"], "cli/classify/command"],
  [["help", "serve"], "cli/serve/command"],
  [["mirrors", "--help"], "cli/mirrors/command"],
])("for %j it loads no other command", async (args, name) => {
  expect(ofCommands(await loadedBy(args))).toEqual([name]);
});

/** Returns the slow modules of Node.js that a command loads, without those of the start itself. */
async function costlyBuiltinsOf(args: readonly string[]): Promise<readonly string[]> {
  const folder = mkdtempSync(join(cli.folder, "builtins-"));
  const probe = join(folder, "probe.cjs");
  // The list contains all modules that Node.js has loaded, even for its own use.
  writeFileSync(
    probe,
    `process.once("exit", () => {
       if (process.argv[1].endsWith("dagger-breaker"))
         require("node:fs").writeFileSync(${JSON.stringify(join(folder, "list"))}, process.moduleLoadList.join("\\n"));
     });`,
  );
  const { exitCode } = await cli.run(args, { env: { NODE_OPTIONS: `--require ${probe}` } });
  expect(exitCode).toBe(0);
  const loaded = readFileSync(join(folder, "list"), "utf8").split("\n");
  return COSTLY.filter((name) => loaded.includes(`NativeModule ${name}`));
}

const COSTLY = ["tls", "https", "http2", "sqlite", "http", "crypto", "zlib", "fs/promises"];

test.each([
  [["--version"], []],
  [["classify", "--exit-code", "0"], []],
  // The receiver of the engine's spans listens, but has no connection that would load more modules.
  [["trace", "--", "true"], []],
  [["run", "--", "true"], []],
])("%j loads no slow module of Node.js that it does not use", async (args, expected) => {
  expect(await costlyBuiltinsOf(args)).toEqual(expected);
});

const hasCompileCache = "enableCompileCache" in require("node:module");

describe("V8's compiled code", () => {
  /** Creates a separate installation, so that no other test file has filled its compile cache. */
  function install() {
    const folder = mkdtempSync(join(cli.folder, "installed-"));
    const dist = join(folder, "dist/cli");
    cpSync(join(cli.dist, "../../package.json"), join(folder, "package.json"));
    for (const name of ["main.js", "program.cjs"]) cpSync(join(cli.dist, name), join(dist, name));
    return {
      cache: join(dist, ".compile-cache"),
      /** Prints the version. By default the environment is empty and has no home. */
      version: (env = {}) =>
        execute(process.execPath, [join(dist, "main.js"), "--version"], { env }),
    };
  }
  const printed = { stdout: `${version}\n`, stderr: "" };

  testWhere(hasCompileCache)("is cached beside the program for the next start", async () => {
    const { cache, version } = install();
    expect(await version()).toEqual(printed);
    const [file] = filesIn(cache);
    if (file === undefined) throw new Error("nothing was kept");
    expect(await version()).toEqual(printed);
    expect(filesIn(cache)).toEqual([file]);
    // Truncates the file, as if the machine had stopped during the write.
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    expect(await version()).toEqual(printed);
  });

  test("is not cached if the environment forbids it", async () => {
    const { cache, version } = install();
    expect(await version({ NODE_DISABLE_COMPILE_CACHE: "1" })).toEqual(printed);
    expect(existsSync(cache)).toBe(false);
  });

  test("is not needed if its folder cannot be created", async () => {
    const { cache, version } = install();
    writeFileSync(cache, "no folder");
    expect(await version()).toEqual(printed);
    expect(readFileSync(cache, "utf8")).toBe("no folder");
  });

  function filesIn(folder: string): string[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  }
});
