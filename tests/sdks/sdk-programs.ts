/** The programs of tests/sdks that run the real SDKs, told what to do line by line. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Sdk } from "./sdks.js";

/** One thing to do in the session. */
export type Operation =
  | { readonly do: "run"; readonly image: string; readonly args: readonly string[] }
  | { readonly do: "publish"; readonly image: string; readonly address: string }
  | { readonly do: "version" }
  | { readonly do: "all"; readonly each: readonly Operation[] };

/** What its user got. */
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

/** Runs a command on an image. */
export const run = (image: string, ...args: string[]): Operation => ({
  do: "run",
  image,
  args: args.length === 0 ? ["echo", "ran"] : args,
});

/** A pipeline that runs, in a process group of its own. */
export class Pipeline {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = "";

  /**
   * @param env What it has in its environment beside what programs need to start.
   * @param runner A command that runs it.
   */
  constructor(sdk: Sdk, env: Readonly<Record<string, string>>, runner: readonly string[] = []) {
    const [command = "", ...args] = [...runner, ...sdk.command("pipeline")];
    const child = spawn(command, args, { env: bareEnvironment(env), detached: true });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    // One that has ended reads no more.
    child.stdin.on("error", () => {});
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** What became of the connection: the first line. */
  connected(): Promise<Outcome> {
    return this.#next();
  }

  /** Does one thing and waits for its outcome. */
  do(operation: Operation): Promise<Outcome> {
    this.#child.stdin?.write(`${JSON.stringify(operation)}\n`);
    return this.#next();
  }

  /** Lets it end, and waits for that. Resolves to what it said, and to what it left running. */
  async end(): Promise<{ exitCode: number | null; stderr: string; leftBehind: string }> {
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    const [exitCode] = (await closed) as [number | null];
    return { exitCode, stderr: this.#stderr, leftBehind: processesOfGroup(this.#child.pid) };
  }

  /** Ends it and all that it started, when a test has failed before its end. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // All of it has ended.
    }
  }

  async #next(): Promise<Outcome> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`the pipeline has ended: ${this.#stderr}`);
    return JSON.parse(value) as Outcome;
  }
}

/** The environment of a program that knows of no session but that of `env`. */
export function bareEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = "", HOME = "", TMPDIR } = process.env;
  return { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env };
}

/** The processes of a group that run, as `ps` lists them; nothing when all have ended. */
function processesOfGroup(group: number | undefined): string {
  const listed = execFileSync("ps", ["-eo", "pgid=,stat=,pid=,args="], { encoding: "utf8" });
  const isOfGroup = (line: string) => {
    const [itsGroup, state = ""] = line.trim().split(/\s+/);
    // One that nobody has waited for has ended all the same.
    return itsGroup === String(group) && !state.startsWith("Z");
  };
  return listed.split("\n").filter(isOfGroup).join("\n");
}
