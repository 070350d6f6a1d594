/** Runs examples and scripts as real processes, as their users do. */

import { spawn } from "node:child_process";
import { preparedProject } from "../../scripts/packaging/prepared-project.mjs";

/** A copy of the project, so that the developer's own build stays unchanged. */
export const PROJECT = await preparedProject();

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The environment of every run. It passes no session on and starts no local engine, so that the examples
 * behave the same on every machine.
 */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  TMPDIR: process.env.TMPDIR,
  _EXPERIMENTAL_DAGGER_CLI_BIN: "/no-dagger-here",
};

/** Runs a program in the prepared project, to its end. */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(program, args, { cwd: PROJECT, env: { ...ENVIRONMENT, ...environment } });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs one of the examples. */
export function runExample(
  name: string,
  args: readonly string[] = [],
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> {
  return run(process.execPath, [`build/examples/dagger/${name}.js`, ...args], environment);
}
