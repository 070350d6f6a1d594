/**
 * Watches the CLI process that the SDK starts for a session. The SDK does not give access to this process,
 * and does not end it if the session fails to open.
 *
 * If the CLI ends early, the caller gets a `TypeError` about `port`. The true error becomes an unhandled
 * rejection, which ends Node. A CLI that ends later causes another unhandled rejection.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { warnOnce } from "../options/warn-once.js";

/** The CLI processes that the current asynchronous call has started while it opens a session. */
const started = new AsyncLocalStorage<Set<ChildProcess>>();

const CHANNEL = "child_process";

/** The longest time for the CLI to end after SIGTERM, in milliseconds. After that, it gets SIGKILL. */
const GRACE_MS = 2000;

/** Watches the CLI of one session, from its start. */
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
    // The SDK makes the child a promise right after this event, in the same tick. A microtask comes later.
    queueMicrotask(() => handleRejections(child, this.#hearRejection));
    if (this.#killed) queueMicrotask(() => endProcess(child));
  };
  readonly #hearRejection = (reason: unknown): void => {
    this.#error ??= reason;
  };

  /** @param variables Environment variables that only the CLI gets. */
  constructor(variables: Readonly<Record<string, string>> = {}) {
    this.#variables = variables;
    subscribe(CHANNEL, this.#onChild);
  }

  /** Calls the function that opens the session, and watches each CLI process that the function starts. */
  run<T>(open: () => Promise<T>): Promise<T> {
    return started.run(this.#children, open);
  }

  /** Returns the true error of a CLI that ended early, or undefined. Call it after the SDK has failed. */
  async error(): Promise<unknown> {
    // Wait one turn of the event loop. The rejection with the true error may come after the SDK's own
    // failure.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#error;
  }

  /** Resolves when the CLI has ended. The SDK asks the CLI to end but does not wait for that end. */
  async gone(): Promise<void> {
    await Promise.all([...this.#children].map(endOf));
  }

  /** Ends the CLI. A CLI that has not started yet is ended as soon as it starts. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    for (const child of this.#children) endProcess(child);
  }

  /** Records that the session is open. From now on, a CLI that ends badly causes only a warning. */
  opened(): void {
    for (const child of this.#children) child.once("exit", warnOfBadEnd);
    this.end();
  }

  /** Stops watching for new processes. Repeated calls have no effect. */
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

/** The part of a promise that the SDK's process library, execa, adds to a child process. */
interface PromiseLike {
  readonly catch?: (onRejected: (reason: unknown) => unknown) => Promise<unknown>;
}

/**
 * Handles two promise rejections that the SDK leaves unhandled. The first is that of the child process. The
 * second comes from the SDK's own `catch` handler, which throws the output of the CLI. Otherwise, Node
 * would report both to the user's `unhandledRejection` listeners, and nothing can hide a reported
 * rejection.
 *
 * @param hear Receives the error that the SDK's handler throws.
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

/** Node's internal method that starts a child process. Only the environment matters here. */
type Spawn = (options: { envPairs?: readonly string[] }) => unknown;

/**
 * Adds variables to the environment of a process that Node has created but not started.
 *
 * Two simpler ways do not work. Variables in the environment of this process would start the SDK's
 * telemetry. A wrapper program would have to find the CLI that the SDK downloads.
 */
function addToEnvironment(child: ChildProcess, variables: Readonly<Record<string, string>>): void {
  const names = Object.keys(variables);
  const { spawn } = child as unknown as { readonly spawn?: Spawn };
  if (names.length === 0 || typeof spawn !== "function") return;
  const added = names.map((name) => `${name}=${variables[name]}`);
  const startWithMore: Spawn = (options) => {
    const { envPairs } = options;
    if (envPairs === undefined) {
      // Without the existing list, the added variables would replace the whole environment. Start the CLI
      // without traces instead.
      warnOnce(
        "traces-not-read",
        "this version of Node.js starts processes in a way that is not supported",
      );
      return spawn.call(child, options);
    }
    // Remove the old values. The CLI reads the first of two variables with the same name.
    const kept = envPairs.filter((pair) => !names.includes(pair.slice(0, pair.indexOf("="))));
    return spawn.call(child, Object.assign(options, { envPairs: [...kept, ...added] }));
  };
  Object.defineProperty(child, "spawn", { value: startWithMore, configurable: true });
}

/**
 * Warns if a CLI ended badly during a session, because nothing else reports that end. The warning contains
 * no output of the CLI.
 */
function warnOfBadEnd(code: number | null, signal: NodeJS.Signals | null): void {
  if (code === 0 || signal === "SIGTERM") return;
  process.emitWarning(`the dagger CLI of a session ended with ${signal ?? `exit code ${code}`}`, {
    type: "CircuitBreakerWarning",
    code: "dagger-cli-ended",
  });
}

/**
 * Ends a process with SIGTERM, and later with SIGKILL: after a grace period, or when this process exits.
 * Closing the input also ends a CLI behind a script that does not forward signals. Once the process has
 * ended, its output no longer keeps Node alive.
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
