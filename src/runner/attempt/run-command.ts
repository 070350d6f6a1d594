/**
 * Runs a command as if a shell had started it directly, with the same terminal, signals and exit
 * code.
 */

import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Environment } from "../../traces/environment.js";
import { GroupWatcher } from "../ending/group-watcher.js";
import { ProcessGroup } from "../ending/process-group.js";
import { handedOn, streamsBehind } from "../input/inherited-descriptors.js";
import { planStreams } from "../output/child-streams.js";
import { shownPath } from "../program-name.js";
import { RunSignals } from "../signals/run-signals.js";

/** How a command ended. */
export interface CommandEnd {
  /** The command's exit code, or 128 plus the number of the signal that ended it, as in shells. */
  readonly exitCode: number;
  /** The signal that ended the command; null if it exited. */
  readonly signal: NodeJS.Signals | null;
}

/**
 * The error of a command that could not be started. Its `exitCode` is as in shells: 127 for a
 * missing program, 126 for a program that cannot be run.
 */
export class CommandNotStartedError extends Error {
  readonly exitCode: 126 | 127;

  constructor(command: string, systemCode: string) {
    const code = command === "" ? NO_NAME : systemCode;
    super(`cannot run ${JSON.stringify(shownPath(command))}: ${reasonOf(code)}`);
    this.name = "CommandNotStartedError";
    this.exitCode = code === "ENOENT" || code === NO_NAME ? 127 : 126;
  }
}

/**
 * Runs a command with the standard streams of this process, and waits for its end.
 *
 * Signals that would end this process are passed on to the command. On a terminal, Ctrl-C, Ctrl-\
 * and Ctrl-Z reach the command directly, and Ctrl-Z suspends this process too. Without a terminal,
 * the command leads its own process group. A watcher ends this group if SIGKILL ends this process.
 *
 * @param env The complete environment of the command.
 * @param inherited Further descriptors that the command inherits.
 * @throws CommandNotStartedError
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  env: Environment,
  inherited: readonly number[] = [],
): Promise<CommandEnd> {
  const signals = new RunSignals();
  const watcher = new GroupWatcher(env);
  const leads = !planStreams().hasTerminal;
  try {
    if (leads) watcher.prepare();
    return await endOf(command, () => {
      const others = streamsBehind(handedOn(inherited));
      const stdio: StdioOptions = ["inherit", "inherit", "inherit", ...others];
      const child = spawn(command, args, { env, stdio, detached: leads });
      const group = new ProcessGroup(child, leads);
      signals.passTo(child, group, { sharesTerminal: !leads, interruptsFirst: false });
      if (group.id !== undefined) watcher.guard(group.id);
      return child;
    });
  } finally {
    signals.release();
    watcher.end();
  }
}

/**
 * Starts a command and waits for its end.
 *
 * @param command The command's name, for errors.
 * @throws CommandNotStartedError
 */
export function endOf(command: string, start: () => ChildProcess): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    try {
      child = start();
    } catch (error) {
      reject(notStarted(command, error));
      return;
    }
    child.on("error", (error) => {
      // A failed `kill` also emits "error". The child still runs then, and "exit" follows.
      if (child.pid === undefined) reject(notStarted(command, error));
    });
    child.on("exit", (code, signal) => {
      resolve({ exitCode: signal === null ? (code ?? 1) : exitCodeOf(signal), signal });
    });
  });
}

/** Returns the exit code for a signal, as in shells. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

function notStarted(command: string, error: unknown): CommandNotStartedError {
  const { code } = error as { code?: unknown };
  return new CommandNotStartedError(command, typeof code === "string" ? code : "unknown reason");
}

/**
 * The code for an empty command name. Node.js reports an empty name and a NUL byte with the same
 * code.
 */
const NO_NAME = "no name";

const REASONS: Readonly<Record<string, string>> = {
  [NO_NAME]: "its name is empty",
  ENOENT: "no such program, or the interpreter in its first line does not exist",
  EACCES: "permission denied (EACCES); make the file executable with chmod +x",
  E2BIG: "its arguments and environment are too long together (E2BIG)",
  ETXTBSY: "another process is writing it (ETXTBSY)",
  ERR_INVALID_ARG_VALUE: "its name or an argument contains a NUL byte",
};

function reasonOf(code: string): string {
  return REASONS[code] ?? `it cannot be started (${code})`;
}
