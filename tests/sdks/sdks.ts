/**
 * The Dagger SDKs whose programs the tests run: the newest of each line in the registry of each
 * language.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineVersion } from "../../src/testing/index.js";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const INSTALLED = join(FOLDER, "..", "node_modules", ".sdks");

export type Language = "TypeScript" | "Python" | "Go" | "Rust";
/** A line of releases: SDK and engine of one line belong together. */
export type Line = "0.21" | "1.0";

/** One SDK, with the command of its programs. */
export interface Sdk {
  /** For titles: language and line. */
  readonly name: string;
  readonly language: Language;
  readonly line: Line;
  /** The version in the lock file of its language. */
  readonly version: string;
  /** The engine of its line that the session double imitates. */
  readonly engineVersion: EngineVersion;
  /** Whether it is installed, which `scripts/sdk-toolchains.mjs` does. */
  readonly isInstalled: boolean;
  /** Returns the command that runs a program of tests/sdks. */
  command(program: string): readonly [string, ...string[]];
  /** The type of the SDK's error for a query that failed with an unknown error. */
  readonly errorType: string;
  /** The number of requests that it sends to open its session. */
  readonly requestsOnConnect: number;
  /** Whether its users can read the extensions of an error; otherwise only the message. */
  readonly showsExtensions: boolean;
}

/** The engine of each line. */
export const ENGINES: Record<Line, EngineVersion> = { "0.21": "v0.21.8", "1.0": "v1.0.0-beta.10" };

/** The settings that all lines of a language share. */
const LANGUAGES: Record<
  Language,
  Pick<Sdk, "errorType" | "requestsOnConnect" | "showsExtensions">
> = {
  TypeScript: { errorType: "GraphQLRequestError", requestsOnConnect: 1, showsExtensions: true },
  Python: { errorType: "QueryError", requestsOnConnect: 2, showsExtensions: true },
  Go: { errorType: "Extensions", requestsOnConnect: 0, showsExtensions: true },
  Rust: { errorType: "DomainError", requestsOnConnect: 0, showsExtensions: false },
};

/** The SDKs. The Go module proxy has no 1.0 of Go's SDK, Maven Central no SDK of Java. */
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

/** The classes for the programs in Java, if installed. */
export const JAVA_CLASSES = isMade("java") ? join(INSTALLED, "java") : undefined;

/** Whether a missing installation is a failure, as in CI. */
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
