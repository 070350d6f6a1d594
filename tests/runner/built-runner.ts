/** Runs commands with the built runner, each in a process of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import type { GuardOptions } from "../../src/guard/guard-options.js";
import { processTable } from "../../src/runner/process-table.js";
import type { RunProgress } from "../../src/runner/report/run-progress.js";
import type { RunReport } from "../../src/runner/report/run-report.js";
import type { RejectedRequest, RunPlan } from "../../src/runner/run-plan.js";
import { buildPackage, bundleProgram, projectFolder } from "../build.js";

const DAGGER = fileURLToPath(new URL("./fake-dagger.mjs", import.meta.url));

/** The options of a run. See run-driver.ts. */
export interface RunOrder extends Partial<Omit<RunPlan, "tracing" | "sessions">> {
  /** A file. The process that has written its report keeps running until this file exists. */
  readonly lingersUntil?: string;
  /** The task of the stand-in for dagger. `command` starts another program instead. */
  readonly dagger?: readonly string[];
  readonly guard?: GuardOptions;
  /** Breakers that are open at the start, each with its reset timeout. */
  readonly refusing?: Readonly<Record<string, number>>;
  /** Whether the run receives the traces of the command. */
  readonly traces?: boolean;
  /** Whether the command has sessions that the runner knows. */
  readonly sessions?: boolean;
  /** For each session that begins, a request that the guard has rejected in it; null for none. */
  readonly refusals?: readonly (RejectedRequest | null)[];
}

/** The input of the driver: the options of a run, and its command. */
export interface WrittenOrder extends Omit<RunOrder, "dagger"> {
  readonly command: string;
  readonly args: readonly string[];
}

/** The state and counts of a breaker after a run. */
export interface BreakerAfter {
  readonly state: string;
  readonly inFlightCount: number;
  readonly successCount: number;
  readonly failureCount: number;
  readonly ignoredCount: number;
  readonly rejectedCount: number;
}

export interface RunAfter {
  readonly report: RunReport;
  /** The events between the attempts of the run. */
  readonly progress: readonly RunProgress[];
  readonly breakers: Readonly<Record<string, BreakerAfter>>;
  readonly maxRssKib: number;
}

/** The result of a run, with its output and exit code. */
export interface Ran extends RunAfter {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** A run that has begun. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves to the output once it contains a text. */
  printed(text: string): Promise<string>;
  readonly ended: Promise<Ran>;
}

/** The built runner, and a folder for the files of the tests. */
export interface BuiltRunner {
  readonly folder: string;
  /** The path of the stand-in as a program named `dagger`. */
  readonly dagger: string;
  /** The path of the stand-in as a module, for tests that give it another name. */
  readonly stub: string;
  readonly dist: string;
  /** Returns the path of a new file in the folder. */
  file(): string;
  /** Writes a shell program with this name into a folder of its own. */
  script(name: string, text: string): string;
  run(order: RunOrder): Promise<Ran>;
  start(order: RunOrder): Running;
  /** Returns the command line of a run. `after` reads the result when the command line has ended. */
  prepare(order: RunOrder): { readonly line: readonly string[]; after(): RunAfter };
  env(): Record<string, string>;
}

/** Prepares the runner before the tests of a file, and removes its files afterwards. */
export function builtRunner(): BuiltRunner {
  let folder = "";
  let dist = "";
  let driver = "";
  let files = 0;
  const runs: ChildProcess[] = [];
  beforeAll(async () => {
    folder = projectFolder("runner");
    dist = join(await buildPackage(), "dist");
    driver = await bundleProgram("tests/runner/run-driver.ts");
    mkdirSync(join(folder, "home"));
    mkdirSync(join(folder, "bin"));
    writeFileSync(
      join(folder, "bin/dagger"),
      `#!/bin/sh\nexec '${process.execPath}' '${DAGGER}' "$@"\n`,
    );
    chmodSync(join(folder, "bin/dagger"), 0o755);
  });
  afterAll(() => {
    // The watcher of a run ends programs that a failed test leaves behind.
    for (const child of runs) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  const runner: BuiltRunner = {
    get folder() {
      return folder;
    },
    get dagger() {
      return join(folder, "bin/dagger");
    },
    stub: DAGGER,
    get dist() {
      return dist;
    },
    file() {
      files += 1;
      return join(folder, `file-${files}`);
    },
    script(name, text) {
      const place = runner.file();
      mkdirSync(place);
      writeFileSync(join(place, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      return join(place, name);
    },
    env: () => ({
      PATH: process.env.PATH ?? "",
      HOME: join(folder, "home"),
      FAKE_DIST: runner.dist,
    }),
    prepare({ dagger, ...order }) {
      const file = runner.file();
      const command = dagger === undefined ? {} : { command: runner.dagger, args: dagger };
      writeFileSync(file, JSON.stringify({ args: [], ...order, ...command }));
      return {
        line: [process.execPath, driver, file],
        after: () => JSON.parse(readFileSync(file, "utf8")) as RunAfter,
      };
    },
    start(order) {
      const running = start(runner, order);
      runs.push(running.child);
      return running;
    },
    run: (order) => runner.start(order).ended,
  };
  return runner;
}

function start(runner: BuiltRunner, order: RunOrder): Running {
  const { line, after } = runner.prepare(order);
  const [program = "", ...args] = line;
  const child = spawn(program, args, {
    env: runner.env(),
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, so that signals of the tests' terminal do not reach the run.
    detached: true,
  });
  const output = [gather(child.stdout), gather(child.stderr)] as const;
  const ended = once(child, "close").then(([exitCode]): Ran => {
    const [stdout, stderr] = [output[0](), output[1]()];
    try {
      return { ...after(), exitCode, stdout, stderr };
    } catch {
      throw new Error(`the run ended with ${exitCode} and no report: ${stderr}`);
    }
  });
  return {
    child,
    ended,
    async printed(text) {
      for (;;) {
        const printed = output.map((stream) => stream().toString()).join("");
        if (printed.includes(text)) return printed;
        if (child.exitCode !== null) throw new Error(`it ended after ${JSON.stringify(printed)}`);
        await sleep(20);
      }
    },
  };
}

function gather(stream: Readable): () => Buffer {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

/** Returns whether a process runs. A zombie does not count, because some inits never reap zombies. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return processTable().some((entry) => entry.pid === pid);
}

/** Resolves once a process has ended. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}
