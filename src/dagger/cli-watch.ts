/**
 * Watches the CLI that the SDK starts for a session. The SDK does not expose it, and does not end
 * it if the session fails to open. If the CLI ends early, the SDK loses its error: the caller gets
 * a `TypeError` about `port`, while the true error becomes an unhandled rejection, which ends Node.
 * A CLI that dies later causes one more unhandled rejection.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { warnOnce } from "../options/warn-once.js";

/** The processes that start while a session is opened. */
const started = new AsyncLocalStorage<Set<ChildProcess>>();

const CHANNEL = "child_process";

/** The time that the CLI has to end after SIGTERM. */
const GRACE_MS = 2000;

/** The watch over one start of a session. */
export class CliWatch {
  readonly #children = new Set<ChildProcess>();
  readonly #variables: Readonly<Record<string, string>>;
  #error: unknown;
  #ended = false;
  #killed = false;
  readonly #onChild = (message: unknown): void => {
    if (started.getStore() !== this.#children) return;
    const { process: child } = message as { readonly process: ChildProcess };
    this.#children.add(child);
    addToEnvironment(child, this.#variables);
    // The SDK's process library makes the child a promise in the same synchronous run, but after
    // this.
    queueMicrotask(() => handleRejections(child, this.#hearRejection));
    if (this.#killed) queueMicrotask(() => endProcess(child));
  };
  readonly #hearRejection = (reason: unknown): void => {
    this.#error ??= reason;
  };

  /** @param variables Variables for the environment of the CLI only. */
  constructor(variables: Readonly<Record<string, string>> = {}) {
    this.#variables = variables;
    subscribe(CHANNEL, this.#onChild);
  }

  /** Runs the function that opens a session. */
  run<T>(open: () => Promise<T>): Promise<T> {
    return started.run(this.#children, open);
  }

  /**
   * Returns the SDK's error for a CLI that ended early, if any; call it after the SDK has failed.
   */
  async error(): Promise<unknown> {
    // The reaction that throws this error may run a few microtasks after the SDK's own failure.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#error;
  }

  /** Resolves when the CLI has ended; the SDK asks it to end but does not wait. */
  async gone(): Promise<void> {
    await Promise.all([...this.#children].map(endOf));
  }

  /** Ends the CLI if it runs, or as soon as it starts. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    for (const child of this.#children) endProcess(child);
  }

  /** Records that the session is open: from here on, only the end of the CLI is watched. */
  opened(): void {
    for (const child of this.#children) child.once("exit", warnOfBadEnd);
    this.end();
  }

  /** Ends the watch; can be called more than once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    unsubscribe(CHANNEL, this.#onChild);
  }
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (isRunning(child)) child.once("exit", () => resolve());
    else resolve();
  });
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** The methods that execa adds to a child process to make it a promise as well. */
interface PromiseLike {
  readonly catch?: (onRejected: (reason: unknown) => unknown) => Promise<unknown>;
}

/**
 * Handles the rejections that the SDK leaves behind: that of the child itself, and that of the
 * SDK's reaction, which throws the CLI's output. Only so does no `unhandledRejection` listener of
 * the user receive them: once Node reports one, it cannot be hidden.
 *
 * @param hear Receives the error of such a reaction.
 */
function handleRejections(child: ChildProcess, hear: (reason: unknown) => void): void {
  const { catch: react } = child as PromiseLike;
  if (react === undefined) return;
  react(() => {});
  const value: typeof react = (onRejected) => {
    const reaction = react(onRejected);
    reaction.catch(hear);
    return reaction;
  };
  Object.defineProperty(child, "catch", { value, configurable: true, writable: true });
}

/** Node's internal start of a process; only the environment matters here. */
type Spawn = (options: { envPairs?: readonly string[] }) => unknown;

/**
 * Adds variables to the environment of a process that is created but not started. The SDK passes
 * its own environment to the CLI, where the variables would start the SDK's own telemetry. A
 * program in place of the CLI would have to find the one that the SDK downloads.
 */
function addToEnvironment(child: ChildProcess, variables: Readonly<Record<string, string>>): void {
  const names = Object.keys(variables);
  const { spawn } = child as unknown as { readonly spawn?: Spawn };
  if (names.length === 0 || typeof spawn !== "function") return;
  const added = names.map((name) => `${name}=${variables[name]}`);
  const startWithMore: Spawn = (options) => {
    const { envPairs } = options;
    if (envPairs === undefined) {
      // A CLI without its environment would be worse than no traces.
      warnOnce(
        "traces-not-read",
        "this version of Node.js starts processes in a way that is not known",
      );
      return spawn.call(child, options);
    }
    // If a name occurs twice, the CLI reads the first.
    const kept = envPairs.filter((pair) => !names.includes(pair.slice(0, pair.indexOf("="))));
    return spawn.call(child, Object.assign(options, { envPairs: [...kept, ...added] }));
  };
  Object.defineProperty(child, "spawn", { value: startWithMore, configurable: true });
}

/**
 * Warns of a CLI that ended by itself or badly. Nothing else reports this. The text contains none
 * of its output.
 */
function warnOfBadEnd(code: number | null, signal: NodeJS.Signals | null): void {
  if (code === 0 || signal === "SIGTERM") return;
  process.emitWarning(`the dagger CLI of a session ended with ${signal ?? `exit code ${code}`}`, {
    type: "CircuitBreakerWarning",
    code: "dagger-cli-ended",
  });
}

/**
 * Ends a process with SIGTERM, or by force after a time or when this process ends first. The end of
 * its input reaches a CLI behind a script that forwards no signals. The output of a process that
 * outlives this must not keep Node alive.
 */
function endProcess(child: ChildProcess): void {
  if (!isRunning(child)) return;
  const kill = () => child.kill("SIGKILL");
  const timer = setTimeout(kill, GRACE_MS);
  process.once("exit", kill);
  child.once("exit", () => {
    clearTimeout(timer);
    process.removeListener("exit", kill);
    for (const output of [child.stdout, child.stderr]) (output as Socket | null)?.unref();
  });
  child.stdin?.destroy();
  child.kill("SIGTERM");
}
