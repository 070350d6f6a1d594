/** A project of a user: an empty folder into which the packed package is installed. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
}

export async function readManifest(): Promise<PackageManifest> {
  return JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
}

/** What a script did. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One project of a user. */
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

  /** Runs a script of the project in the Node that runs the tests, without a session of this machine. */
  run(
    path: string,
    environment: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
  ): Promise<Run> {
    const { DAGGER_SESSION_PORT: _port, DAGGER_SESSION_TOKEN: _token, ...inherited } = process.env;
    const options = {
      cwd: this.folder,
      env: { ...inherited, ...environment },
      timeout: 60_000,
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

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * Packs the built package and installs it with npm, without a network: what it depends on, and the
 * further `packages`, by name and folder, are linked from where they are installed already.
 */
export async function createProject(packages: Readonly<Record<string, string>>): Promise<Project> {
  const { name, dependencies } = await readManifest();
  // The real path, because that is what a compiler and a stack trace show.
  const project = new Project(await realpath(await mkdtemp(join(tmpdir(), `${name}-project-`))));
  const links = Object.keys(dependencies).map((dependency) => [dependency, installed(dependency)]);
  const wanted = { ...Object.fromEntries(links), ...packages, [name]: await pack(project.folder) };
  const files = Object.entries(wanted).map(([key, path]) => [key, `file:${path}`]);
  await project.write(
    "package.json",
    JSON.stringify({ private: true, type: "module", dependencies: Object.fromEntries(files) }),
  );
  await npm(project.folder, ["install", "--offline", "--ignore-scripts", "--no-package-lock"]);
  return project;
}

/** The folder of a package of our own node_modules. */
export function installed(name: string): string {
  return join(ROOT, "node_modules", name);
}

/** Packs `dist` as it is, which scripts/test.sh has built, and returns the path of the tarball. */
async function pack(destination: string): Promise<string> {
  const stdout = await npm(ROOT, [
    "pack",
    "--json",
    "--ignore-scripts",
    "--pack-destination",
    destination,
  ]);
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(destination, filename);
}

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { stdout } = await execute("npm", [...args, ...quiet], { cwd });
  return stdout;
}
