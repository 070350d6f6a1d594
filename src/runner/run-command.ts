/** Runs a command as if it had been started without us: same terminal, same signals, same end. */

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Environment } from "../traces/environment.js";
import { isInForeground } from "./foreground.js";

/** How a command ended. */
export interface CommandEnd {
  /** Its exit code; 128 and the number of the signal when one ended it, as shells have it. */
  readonly exitCode: number;
  /** The signal that ended it; null when it ended by itself. */
  readonly signal: NodeJS.Signals | null;
}

/**
 * A command could not be started. `exitCode` is what a shell would end with: 127 when there is no such
 * program, 126 when it cannot be run.
 */
export class CommandNotStartedError extends Error {
  readonly exitCode: 126 | 127;

  constructor(command: string, systemCode: string) {
    super(`cannot run ${JSON.stringify(command)}: ${reasonOf(systemCode)}`);
    this.name = "CommandNotStartedError";
    this.exitCode = systemCode === "ENOENT" ? 127 : 126;
  }
}

/** What ends us by default, and would leave the command behind. */
const PASSED_ON = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;
/** What a terminal sends to the command as well when somebody types it. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

/**
 * Runs a command with our own standard streams, so that it finds the terminal or the pipes that we
 * were given, and waits for its end.
 *
 * SIGTERM, SIGINT, SIGHUP and SIGQUIT are passed on and do not end us while it runs. Ctrl-C and
 * Ctrl-\ on a terminal reach the command without us; passed on as well they would count twice, and
 * dagger takes the second one for "at once".
 *
 * @param env The whole environment of the command.
 * @throws CommandNotStartedError
 */
export function runCommand(
  command: string,
  args: readonly string[],
  env: Environment,
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    let child: ChildProcess;
    try {
      child = spawn(command, args, { env, stdio: "inherit" });
    } catch (error) {
      reject(notStarted(command, error));
      return;
    }
    const letGo = holdTo(child);
    child.on("error", (error) => {
      // A signal that cannot be sent is an error of the child as well; its end is still to come.
      if (child.pid !== undefined) return;
      letGo();
      reject(notStarted(command, error));
    });
    child.on("exit", (code, signal) => {
      letGo();
      const exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
      resolve({ exitCode, signal });
    });
  });
}

/** Passes signals on, and ends the command should we end before it. Returns how to stop. */
function holdTo(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals): void => {
    if (!TYPED.has(signal) || !isInForeground()) child.kill(signal);
  };
  const end = (): void => void child.kill("SIGTERM");
  for (const signal of PASSED_ON) process.on(signal, pass);
  process.on("exit", end);
  return () => {
    for (const signal of PASSED_ON) process.off(signal, pass);
    process.off("exit", end);
  };
}

function notStarted(command: string, error: unknown): CommandNotStartedError {
  const { code } = error as { code?: unknown };
  return new CommandNotStartedError(command, typeof code === "string" ? code : "unknown reason");
}

function reasonOf(systemCode: string): string {
  if (systemCode === "ENOENT") return "there is no such program, or none that its first line names";
  if (systemCode === "EACCES") return "it may not be run (EACCES)";
  return `it cannot be started (${systemCode})`;
}
