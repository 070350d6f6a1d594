/** Runs commands as processes of this machine, each in its own process group. */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as system } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { errorCode, systemErrorText } from "../faults/wire-errors.js";
import { atExit } from "../files/exit-cleanup.js";

/** Returns those of the named variables that this process has. */
export function inherited(names: readonly string[]): Readonly<Record<string, string>> {
  const pairs = names.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(
    pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined),
  );
}

export interface Command {
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string | Uint8Array | undefined;
}

/** How a command ended. If signal N ended it, the exit code is 128 + N. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The text of both outputs, in the order of arrival. */
  readonly combined: string;
  /** Both outputs as bytes, which may not be valid text. */
  readonly bytes: { readonly stdout: Uint8Array; readonly stderr: Uint8Array };
}

/** The running commands of a double. */
export class Processes {
  readonly #running = new Set<ChildProcess>();
  #started = 0;
  readonly #notAtExit = atExit(() => this.killAll());

  /** The number of commands started so far. */
  get started(): number {
    return this.#started;
  }

  /** The number of running commands. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * Runs a command to its end. If the signal is aborted, kills the command and rejects with the signal's
   * reason.
   */
  async run(command: Command, signal: AbortSignal): Promise<CommandResult> {
    signal.throwIfAborted();
    const unable = whyNotExecutable(command);
    if (unable !== undefined) return notStarted(command, unable);
    const child = spawn(command.args[0] ?? "", command.args.slice(1), {
      cwd: command.folder,
      env: { ...command.environment },
      detached: true,
      stdio: [command.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    this.#started += 1;
    this.#running.add(child);
    const kill = () => killGroup(child);
    signal.addEventListener("abort", kill, { once: true });
    try {
      const result = await ended(child, command);
      signal.throwIfAborted();
      return result;
    } finally {
      this.#running.delete(child);
      signal.removeEventListener("abort", kill);
    }
  }

  /** Kills every process group. */
  killAll(): void {
    for (const child of this.#running) killGroup(child);
  }

  /** Kills all commands, and cancels the cleanup at the end of the process. */
  close(): void {
    this.#notAtExit();
    this.killAll();
  }
}

/** How long output may still arrive after a command has ended. */
const OUTPUT_GRACE_MS = 500;

function ended(child: ChildProcess, command: Command): Promise<CommandResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const combined: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout.push(chunk);
    combined.push(chunk);
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr.push(chunk);
    combined.push(chunk);
  });
  // A command need not read all its input, so a closed pipe is not an error.
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(command.stdin);
  // Kills what is left in the process group: in a container, background processes end with the command,
  // too. A process that left the group stays alive. It may keep the outputs open, but the step ends anyway.
  child.once("exit", () => {
    killGroup(child);
    const letGo = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, OUTPUT_GRACE_MS);
    child.once("close", () => clearTimeout(letGo));
  });
  return new Promise((settle) => {
    child.once("error", (error) => settle(notStarted(command, wordStartError(command, error))));
    child.once("close", (code, name) => {
      const bytes = { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
      settle({
        exitCode: code ?? 128 + (name === null ? 0 : system.signals[name]),
        stdout: bytes.stdout.toString(),
        stderr: bytes.stderr.toString(),
        combined: Buffer.concat(combined).toString(),
        bytes,
      });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The process group has already ended.
  }
}

function notStarted(command: Command, reason: string): CommandResult {
  const stderr = `exec: ${JSON.stringify(command.args[0] ?? "")}: ${reason}`;
  const bytes = { stdout: Buffer.alloc(0), stderr: Buffer.from(stderr) };
  return { exitCode: 1, stdout: "", stderr, combined: stderr, bytes };
}

/** Returns why a command cannot be started, in the form of the engine's runtime; undefined if it can. */
function whyNotExecutable(command: Command): string | undefined {
  const program = command.args[0] ?? "";
  if (program.includes("/")) {
    const path = isAbsolute(program) ? program : resolve(command.folder, program);
    try {
      if (statSync(path).isDirectory()) return "is a directory";
      accessSync(path, constants.X_OK);
      return undefined;
    } catch (error) {
      return errorCode(error) === "ENOENT"
        ? `stat ${program}: no such file or directory`
        : systemErrorText(error);
    }
  }
  const found = (command.environment.PATH ?? "")
    .split(":")
    .some((folder) => folder !== "" && isExecutable(join(folder, program)));
  return found ? undefined : "executable file not found in $PATH";
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function wordStartError(command: Command, error: Error): string {
  return errorCode(error) === "ENOENT" && !command.args[0]?.includes("/")
    ? "executable file not found in $PATH"
    : systemErrorText(error);
}
