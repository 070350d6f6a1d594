/** Runs the programs of tests/sdks, which use the real SDKs. They read one operation per line. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Sdk } from "./sdks.js";

/** An operation that a program executes in its session. */
export type Operation =
  | { readonly do: "run"; readonly image: string; readonly args: readonly string[] }
  | { readonly do: "publish"; readonly image: string; readonly address: string }
  | { readonly do: "version" }
  | { readonly do: "all"; readonly each: readonly Operation[] };

/** The result of an operation, as the user of the SDK gets it. */
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

/** Returns an operation that runs a command on an image. By default the command prints "ran". */
export const run = (image: string, ...args: string[]): Operation => ({
  do: "run",
  image,
  args: args.length === 0 ? ["echo", "ran"] : args,
});

/** A running program, in a process group of its own. */
export class Pipeline {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = "";

  /**
   * @param env Variables, besides those that every program needs to start.
   * @param runner A command that starts the program. The words of the program follow its own words.
   */
  constructor(sdk: Sdk, env: Readonly<Record<string, string>>, runner: readonly string[] = []) {
    const [command = "", ...args] = [...runner, ...sdk.command("pipeline")];
    const child = spawn(command, args, { env: bareEnvironment(env), detached: true });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    // Writing to a program that has ended causes an error, which must not end the test.
    child.stdin.on("error", () => {});
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns whether the program could connect, which is its first line. */
  connected(): Promise<Outcome> {
    return this.#next();
  }

  /** Sends one operation and waits for its result. */
  do(operation: Operation): Promise<Outcome> {
    this.#child.stdin?.write(`${JSON.stringify(operation)}\n`);
    return this.#next();
  }

  /** Ends the input of the program and waits for its end. `leftBehind` lists processes that still run. */
  async end(): Promise<{ exitCode: number | null; stderr: string; leftBehind: string }> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    const [exitCode] = (await closed) as [number | null];
    return { exitCode, stderr: this.#stderr, leftBehind: processesOfGroup(this.#child.pid) };
  }

  /** Kills the program and all its processes. Needed when a test fails before `end`. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // All processes of the group have already ended.
    }
  }

  async #next(): Promise<Outcome> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the pipeline has ended: ${this.#stderr}`);
    return JSON.parse(value) as Outcome;
  }
}

/** Returns an environment that hides all sessions of this machine, except a session in `env`. */
export function bareEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env };
}

/** Returns the running processes of a group, as `ps` prints them. Empty when all have ended. */
function processesOfGroup(group: number | undefined): string {
  const listed = execFileSync("ps", ["-eo", "pgid=,stat=,pid=,args="], { encoding: "utf8" });
  const isOfGroup = (line: string) => {
    const [itsGroup, state = ""] = line.trim().split(/\s+/);
    // A zombie has ended, even when its parent has not collected it yet.
    return itsGroup === String(group) && !state.startsWith("Z");
  };
  return listed.split("\n").filter(isOfGroup).join("\n");
}
