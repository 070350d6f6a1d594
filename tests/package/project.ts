/** Creates a user's project: an empty folder in which the packed package is installed. */

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { packedPackage } from "../../scripts/packaging/packed-package.mjs";

const execute = promisify(execFile);

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RUNNER = fileURLToPath(new URL("snippet-runner.mjs", import.meta.url));

export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<
    Record<string, string | { readonly types: string; readonly default: string }>
  >;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

export async function readManifest(): Promise<PackageManifest> {
  return JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
}

/** Returns the entries of the package that a user may import. */
export function entriesOf({ name, exports }: PackageManifest): string[] {
  return Object.entries(exports)
    .filter(([, target]) => typeof target === "object")
    .map(([path]) => name + path.slice(1));
}

/** The result of running a script. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Project {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async write(path: string, text: string): Promise<string> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return file;
  }

  /** Runs a script of the project with the tests' Node.js. Sessions of this machine are hidden from it. */
  run(
    path: string,
    environment: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    timeoutMs = 60_000,
  ): Promise<Run> {
    const { DAGGER_SESSION_PORT: _port, DAGGER_SESSION_TOKEN: _token, ...inherited } = process.env;
    const options = {
      cwd: this.folder,
      env: { ...inherited, ...environment },
      timeout: timeoutMs,
      killSignal: "SIGKILL" as const,
    };
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [path, ...args],
        options,
        (_error, stdout, stderr) => {
          resolve({ code: child.exitCode, stdout, stderr });
        },
      );
    });
  }

  /**
   * Runs programs of the project in one process. Each group gets a thread. See snippet-runner.mjs.
   *
   * @returns The result of each program, by its path.
   */
  async runAll(
    groups: readonly (readonly string[])[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<ReadonlyMap<string, Omit<Run, "stdout">>> {
    const pathOf = (file: string) => join(this.folder, file);
    const args = groups.map((group) => group.map(pathOf).join(","));
    const { code, stdout, stderr } = await this.run(RUNNER, environment, args, 300_000);
    if (code !== 0) throw new Error(`the runner of programs ended with ${code}: ${stderr}`);
    const results = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    return new Map(results.map(({ file, ...run }) => [relative(this.folder, file), run]));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Creates a project with a copy of the packed package. Its dependencies are links, and so are `packages`,
 * which maps names to folders.
 */
export async function createProject(packages: Readonly<Record<string, string>>): Promise<Project> {
  const { name, dependencies } = await readManifest();
  const project = await emptyProject();
  const modules = join(project.folder, "node_modules");
  await mkdir(modules);
  await cp((await packedPackage()).folder, join(modules, name), { recursive: true });
  const links = { ...linked(dependencies), ...packages };
  for (const [dependency, folder] of Object.entries(links)) {
    await mkdir(dirname(join(modules, dependency)), { recursive: true });
    await symlink(folder, join(modules, dependency));
  }
  await project.write("package.json", JSON.stringify({ private: true, type: "module" }));
  return project;
}

/** Creates a project into which npm installs the tarball. Dependencies are links, so npm needs no network. */
export async function installProject(): Promise<Project> {
  const { name, dependencies } = await readManifest();
  const project = await emptyProject();
  const wanted = { ...linked(dependencies), [name]: (await packedPackage()).tarball };
  const files = Object.entries(wanted).map(([key, path]) => [key, `file:${path}`]);
  await project.write(
    "package.json",
    JSON.stringify({ private: true, type: "module", dependencies: Object.fromEntries(files) }),
  );
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const args = ["install", "--offline", "--ignore-scripts", "--no-package-lock", ...quiet];
  await execute("npm", args, { cwd: project.folder });
  return project;
}

/** Returns the folder of a package in this project's own node_modules. */
export function installed(name: string): string {
  return join(ROOT, "node_modules", name);
}

async function emptyProject(): Promise<Project> {
  // Compilers and stack traces show real paths, so links must be resolved.
  return new Project(await realpath(await mkdtemp(join(tmpdir(), "dagger-breaker-project-"))));
}

function linked(dependencies: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(dependencies).map((name) => [name, installed(name)]));
}
