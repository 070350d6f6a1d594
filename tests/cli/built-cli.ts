/** Runs the built `dagger-breaker` as users do: through a link, with a separate home for each test file. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { buildPackage, projectFolder } from "../build.js";

export interface Run {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

/** The built program, and a folder for the files of the tests. */
export interface BuiltCli {
  readonly folder: string;
  /** The folder of main.js and program.cjs. Other test files use it too, so do not change it. */
  readonly dist: string;
  readonly program: string;
  /** Returns the environment of a run: a separate home, and the caller's Node.js and PATH. */
  environment(more?: Readonly<Record<string, string>>): Record<string, string>;
  run(args: readonly string[], options?: RunOptions): Promise<Run>;
}

/** Prepares the program before the tests of a file, and removes its files afterwards. */
export function builtCli(): BuiltCli {
  let folder = "";
  let dist = "";
  beforeAll(async () => {
    folder = projectFolder("cli");
    dist = join(await buildPackage(), "dist/cli");
    mkdirSync(join(folder, "home"));
    mkdirSync(join(folder, "bin"));
    // npm installs programs as links too.
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
      // A program that ends without reading its input causes an error here, which must not end the test.
      child.stdin.on("error", () => {});
      child.stdin.end(stdin);
      const [exitCode] = (await once(child, "close")) as [number | null];
      return { exitCode, ...output };
    },
  };
  return cli;
}
