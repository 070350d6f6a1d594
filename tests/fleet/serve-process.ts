/** Runs `dagger-breaker serve` as a process of a test. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, vi } from "vitest";
import type { BuiltCli } from "../cli/built-cli.js";
import { TOKEN } from "./http-scene.js";

export const hasSqlite = process.getBuiltinModule("node:sqlite") !== undefined;

export interface Serving {
  readonly child: ChildProcessWithoutNullStreams;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

export type ServeArguments = readonly [
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
];

/** Starts `dagger-breaker serve` with the tests' token. The process ends with the test. */
export function startServe(cli: BuiltCli, ...[args, env = {}]: ServeArguments): Serving {
  // Starts the Node.js that runs this test, because PATH may contain another one.
  const child = spawn(process.execPath, [cli.program, "serve", ...args], {
    env: cli.environment({ DAGGER_BREAKER_STORE_TOKEN: TOKEN, ...env }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const ended = once(child, "close") as Promise<[number | null, string | null]>;
  return { child, output, ended };
}

/** Waits until the server listens. Returns its URL. */
export async function urlOf({ output }: Serving): Promise<string> {
  const [, url = ""] = await vi.waitFor(
    () =>
      /^dagger-breaker serve: listening on (\S+), /.exec(output.stdout) ??
      expect.fail(output.stderr),
  );
  return url;
}
