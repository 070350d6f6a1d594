/**
 * Lists the Dagger SDKs that the tests run. For each language, these are the newest SDKs of each line in
 * the language's registry.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineVersion } from "../../src/testing/index.js";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const INSTALLED = join(FOLDER, "..", "node_modules", ".sdks");

export type Language = "TypeScript" | "Python" | "Go" | "Rust";
/** A line of releases. An SDK needs an engine of the same line. */
export type Line = "0.21" | "1.0";

/** An SDK, with the commands of its programs. */
export interface Sdk {
  /** The language and the line, for titles of tests. */
  readonly name: string;
  readonly language: Language;
  readonly line: Line;
  /** The version that the lock file of the language contains. */
  readonly version: string;
  /** The version of the engine that the session double imitates for this SDK. */
  readonly engineVersion: EngineVersion;
  /** Whether the SDK is installed. `scripts/sdk-toolchains.mjs` installs it. */
  readonly isInstalled: boolean;
  /** Returns the command that runs one of the programs in tests/sdks. */
  command(program: string): readonly [string, ...string[]];
  /** The type of the error that the SDK throws when a query fails with an error it does not know. */
  readonly errorType: string;
  /** Number of requests that the SDK sends to open its session. */
  readonly requestsOnConnect: number;
  /** Whether users can read the extensions of an error. Otherwise they can read only its message. */
  readonly showsExtensions: boolean;
}

/** The version of the engine for each line. */
export const ENGINES: Record<Line, EngineVersion> = { "0.21": "v0.21.8", "1.0": "v1.0.0-beta.10" };

/** The properties that are the same for all lines of a language. */
const LANGUAGES: Record<
  Language,
  Pick<Sdk, "errorType" | "requestsOnConnect" | "showsExtensions">
> = {
  TypeScript: { errorType: "GraphQLRequestError", requestsOnConnect: 1, showsExtensions: true },
  Python: { errorType: "QueryError", requestsOnConnect: 2, showsExtensions: true },
  Go: { errorType: "Extensions", requestsOnConnect: 0, showsExtensions: true },
  Rust: { errorType: "DomainError", requestsOnConnect: 0, showsExtensions: false },
};

/** All SDKs. Two are missing: the Go module proxy has no Go SDK of 1.0, and Maven Central has no Java SDK. */
export const SDKS: readonly Sdk[] = [
  {
    ...sdk(
      "TypeScript",
      "0.21",
      JSON.parse(read("../../node_modules/@dagger.io/dagger/package.json")).version,
    ),
    isInstalled: true,
    command: (program) => [process.execPath, join(FOLDER, "typescript", `${program}.mjs`)],
  },
  {
    ...sdk("TypeScript", "1.0", found(/"dagger-1\.0-beta": "npm:.*@(.*)"/, "../package.json")),
    isInstalled: isMade("typescript-1.0"),
    command: (program) => [process.execPath, join(INSTALLED, "typescript-1.0", `${program}.mjs`)],
  },
  python("0.21"),
  python("1.0"),
  {
    ...sdk("Go", "0.21", found(/dagger\.io\/dagger v(\S+)/, "go/go.mod")),
    isInstalled: isMade("go"),
    command: (program) => [join(INSTALLED, "go", program)],
  },
  rust("0.21"),
  rust("1.0"),
];

export const INSTALLED_SDKS = SDKS.filter(({ isInstalled }) => isInstalled);

/** The folder of the compiled Java programs; undefined when they are not installed. */
export const JAVA_CLASSES = isMade("java") ? join(INSTALLED, "java") : undefined;

/** Whether a missing SDK fails the tests instead of skipping them. */
export const ALL_ARE_NEEDED = process.env.CI === "true";

function sdk(language: Language, line: Line, version: string) {
  const name = `${language} ${line}`;
  return { name, language, line, version, engineVersion: ENGINES[line], ...LANGUAGES[language] };
}

function python(line: Line): Sdk {
  const folder = `python-${line}`;
  return {
    ...sdk("Python", line, found(/^dagger-io==(\S+)$/m, `python/requirements-${line}.txt`)),
    isInstalled: isMade(folder),
    command: (program) => [
      join(INSTALLED, folder, "bin", "python"),
      join(FOLDER, "python", `${program}.py`),
    ],
  };
}

function rust(line: Line): Sdk {
  return {
    ...sdk("Rust", line, found(/^dagger-sdk = "=(.*)"$/m, `rust/sdk-${line}/Cargo.toml`)),
    isInstalled: isMade("rust"),
    command: (program) => [join(INSTALLED, "rust", `${program}-${line.replace(".", "-")}`)],
  };
}

function isMade(folder: string): boolean {
  return existsSync(join(INSTALLED, folder, ".made-of"));
}

function found(pattern: RegExp, path: string): string {
  const [, version] = pattern.exec(read(path)) ?? [];
  if (version === undefined) throw new Error(`${path} names no version of the SDK`);
  return version;
}

function read(path: string): string {
  return readFileSync(join(FOLDER, path), "utf8");
}
