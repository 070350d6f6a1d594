/**
 * Watches the CLI process that the SDK starts for a session. The SDK does not expose it, and does not end
 * it if the session fails to open. If the CLI ends early, the caller gets a `TypeError` about `port`, while
 * the true error becomes an unhandled rejection, which ends Node. A CLI that dies later causes one more
 * unhandled rejection.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { warnOnce } from "../options/warn-once.js";

/** The processes that start while a session opens. */
const started = new AsyncLocalStorage<Set<ChildProcess>>();

const CHANNEL = "child_process";

/** How long the CLI may take to end after SIGTERM. */
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
    // Waits until the SDK has made the child a promise. It does so in the same tick, but after this event.
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

  /** Runs the function that opens the session. CLI processes that it starts are watched. */
  run<T>(open: () => Promise<T>): Promise<T> {
    return started.run(this.#children, open);
  }

  /** Returns the true error of a CLI that ended early, if there is one. Call it after the SDK has failed. */
  async error(): Promise<unknown> {
    // Waits one turn of the event loop: the rejection with the true error may come after the SDK's own
    // failure.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#error;
  }

  /** Resolves when the CLI has ended. The SDK asks the CLI to end but does not wait for it. */
  async gone(): Promise<void> {
    await Promise.all([...this.#children].map(endOf));
  }

  /** Ends the CLI. If it has not started yet, ends it as soon as it starts. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    for (const child of this.#children) endProcess(child);
  }

  /** Records that the session is open. From now on, only a bad end of the CLI causes a warning. */
  opened(): void {
    for (const child of this.#children) child.once("exit", warnOfBadEnd);
    this.end();
  }

  /** Stops watching for new processes. You can call it more than once. */
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

/** The methods that the SDK's process library, execa, adds to a child process to make it a promise. */
interface PromiseLike {
  readonly catch?: (onRejected: (reason: unknown) => unknown) => Promise<unknown>;
}

/**
 * Handles two rejections that the SDK does not: of the child process, and of the SDK's own handler for it,
 * which throws the CLI's output. Node would report them to `unhandledRejection` listeners of the user, and
 * a reported rejection cannot be hidden.
 *
 * @param hear Receives the error of the SDK's handler.
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

/** Node's internal function that starts a child process. Only the environment matters here. */
type Spawn = (options: { envPairs?: readonly string[] }) => unknown;

/**
 * Adds variables to the environment of a process that Node has created but not started. They cannot be set
 * in our own environment: there, they would start the SDK's telemetry. A wrapper program could not be used
 * either: it would have to find the CLI that the SDK downloads.
 */
function addToEnvironment(child: ChildProcess, variables: Readonly<Record<string, string>>): void {
  const names = Object.keys(variables);
  const { spawn } = child as unknown as { readonly spawn?: Spawn };
  if (names.length === 0 || typeof spawn !== "function") return;
  const added = names.map((name) => `${name}=${variables[name]}`);
  const startWithMore: Spawn = (options) => {
    const { envPairs } = options;
    if (envPairs === undefined) {
      // Without the list, adding variables would remove all others. It is better to run without traces.
      warnOnce(
        "traces-not-read",
        "this version of Node.js starts processes in a way that is not known",
      );
      return spawn.call(child, options);
    }
    // Removes the old values, because the CLI would read the first of two variables with the same name.
    const kept = envPairs.filter((pair) => !names.includes(pair.slice(0, pair.indexOf("="))));
    return spawn.call(child, Object.assign(options, { envPairs: [...kept, ...added] }));
  };
  Object.defineProperty(child, "spawn", { value: startWithMore, configurable: true });
}

/**
 * Warns if a CLI ended badly during a session; nothing else would report it. The warning contains none of
 * the CLI's output.
 */
function warnOfBadEnd(code: number | null, signal: NodeJS.Signals | null): void {
  if (code === 0 || signal === "SIGTERM") return;
  process.emitWarning(`the dagger CLI of a session ended with ${signal ?? `exit code ${code}`}`, {
    type: "CircuitBreakerWarning",
    code: "dagger-cli-ended",
  });
}

/**
 * Ends a process with SIGTERM, and with SIGKILL after a grace period or when this process exits. Its input
 * is closed as well, which also ends a CLI behind a script that does not forward signals. Its output is
 * unreferenced, so that it does not keep Node alive.
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
