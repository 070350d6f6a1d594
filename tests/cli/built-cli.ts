/** `dagger-breaker` as built for the tests, run as users do: through a link, in a home of each test file. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { buildPackage, projectFolder } from "../build.js";

/** The result of a run. */
export interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface RunOptions {
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

/** The program, and a folder for the files of the tests. */
export interface BuiltCli {
  readonly folder: string;
  /** The folder of main.js and program.cjs, which other test files use as well. */
  readonly dist: string;
  readonly program: string;
  /** Returns the environment of a run: a separate home, and the Node.js and PATH of the caller. */
  environment(more?: Readonly<Record<string, string>>): Record<string, string>;
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
}

/** Prepares the program before the tests of a file and tidies up after them. */
export function builtCli(): BuiltCli {
  let folder = "";
  let dist = "";
  beforeAll(async () => {
    folder = projectFolder("cli");
    dist = join(await buildPackage(), "dist/cli");
    mkdirSync(join(folder, "home"));
    mkdirSync(join(folder, "bin"));
    // As npm installs a program.
    symlinkSync(join(dist, "main.js"), join(folder, "bin/dagger-breaker"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const cli: BuiltCli = {
    get folder() {
      return folder;
    },
    get dist() {
      return dist;
    },
    get program() {
      return join(folder, "bin/dagger-breaker");
    },
    environment: (more = {}) => ({
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: join(folder, "home"),
      ...more,
    }),
    async run(args, { stdin = "", env = {}, cwd } = {}) {
      const child = spawn(cli.program, args, { env: cli.environment(env), cwd });
      const output = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        child[name].setEncoding("utf8").on("data", (text: string) => {
          output[name] += text;
        });
      }
      // A program that ends without reading closes its input.
      child.stdin.on("error", () => {});
      child.stdin.end(stdin);
      const [exitCode] = (await once(child, "close")) as [number | null];
      return { exitCode, ...output };
    },
  };
  return cli;
}
