/** The programs of tests/sdks that run the real SDKs, with one operation per line. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Sdk } from "./sdks.js";

/** One operation in the session. */
export type Operation =
  | { readonly do: "run"; readonly image: string; readonly args: readonly string[] }
  | { readonly do: "publish"; readonly image: string; readonly address: string }
  | { readonly do: "version" }
  | { readonly do: "all"; readonly each: readonly Operation[] };

/** The result that its user gets. */
export interface Outcome {
  readonly value?: unknown;
  readonly error?: {
    readonly type: string;
    readonly message: string;
    readonly exitCode?: number;
    readonly stdout?: string;
    readonly stderr?: string;
    readonly extensions?: Readonly<Record<string, unknown>>;
  };
}

/** Returns the operation that runs a command on an image. */
export const run = (image: string, ...args: string[]): Operation => ({
  do: "run",
  image,
  args: args.length === 0 ? ["echo", "ran"] : args,
});

/** A running pipeline, in a process group of its own. */
export class Pipeline {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = "";

  /**
   * @param env Variables besides those that programs need to start.
   * @param runner A command that runs it.
   */
  constructor(sdk: Sdk, env: Readonly<Record<string, string>>, runner: readonly string[] = []) {
    const [command = "", ...args] = [...runner, ...sdk.command("pipeline")];
    const child = spawn(command, args, { env: bareEnvironment(env), detached: true });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    // A pipeline that has ended no longer reads.
    child.stdin.on("error", () => {});
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns the result of the connection: the first line. */
  connected(): Promise<Outcome> {
    return this.#next();
  }

  /** Runs one operation and waits for its outcome. */
  do(operation: Operation): Promise<Outcome> {
    this.#child.stdin?.write(`${JSON.stringify(operation)}\n`);
    return this.#next();
  }

  /** Lets it end and waits. Resolves to its output, and to the processes that it left. */
  async end(): Promise<{ exitCode: number | null; stderr: string; leftBehind: string }> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    const [exitCode] = (await closed) as [number | null];
    return { exitCode, stderr: this.#stderr, leftBehind: processesOfGroup(this.#child.pid) };
  }

  /** Kills it and all its processes, when a test has failed earlier. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // The whole group has ended.
    }
  }

  async #next(): Promise<Outcome> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the pipeline has ended: ${this.#stderr}`);
    return JSON.parse(value) as Outcome;
  }
}

/** Returns the environment of a program that knows only the session in `env`. */
export function bareEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env };
}

/** Returns the running processes of a group, as `ps` lists them; empty if all have ended. */
function processesOfGroup(group: number | undefined): string {
  const listed = execFileSync("ps", ["-eo", "pgid=,stat=,pid=,args="], { encoding: "utf8" });
  const isOfGroup = (line: string) => {
    const [itsGroup, state = ""] = line.trim().split(/\s+/);
    // A zombie has ended, although its parent has not collected it.
    return itsGroup === String(group) && !state.startsWith("Z");
  };
  return listed.split("\n").filter(isOfGroup).join("\n");
}
