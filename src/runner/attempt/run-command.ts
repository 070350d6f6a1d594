/** Runs a command as if it had been started directly: same terminal, same signals, same end. */

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
 * The error of a command that could not be started. `exitCode` is that of a shell: 127 if there is
 * no such program, 126 if it cannot be run.
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
 * Runs a command with our own standard streams, so that it has the same terminal or pipes, and
 * waits for its end.
 *
 * While the command runs, signals that would end us are passed on to it instead. If the command is
 * suspended, we suspend too. On a terminal, Ctrl-C and Ctrl-\ reach the command directly. Without a
 * terminal, the command leads its own process group, and a watcher ends this group if SIGKILL ends
 * us.
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
      // A failed `kill` also emits "error", but then the child still runs and "exit" follows.
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

/** Used if an error has no system code, such as ENOENT. */
const NO_NAME = "no name";

const REASONS: Readonly<Record<string, string>> = {
  [NO_NAME]: "its name is empty",
  ENOENT: "no such program, or the program in its first line does not exist",
  EACCES: "permission denied (EACCES); a program needs chmod +x",
  E2BIG: "its arguments and environment are too long together (E2BIG)",
  ETXTBSY: "another process is writing it (ETXTBSY)",
  ERR_INVALID_ARG_VALUE: "its name or an argument contains a NUL byte",
};

function reasonOf(code: string): string {
  return REASONS[code] ?? `it cannot be started (${code})`;
}
