/**
 * Watches the CLI that the SDK starts for a session. The SDK hands it to nobody, does not end it
 * when it hangs, and lets slip what it says when it ends early: the caller is told of a `TypeError`
 * about `port`, while the true error is an unhandled rejection, which ends Node. One more of these
 * comes when the CLI dies later on, so that no lost session could be made good.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { warn } from "./session-tracing.js";

/** The processes that are started while a session is opened. */
const started = new AsyncLocalStorage<Set<ChildProcess>>();

const CHANNEL = "child_process";

/** How long the CLI may take to end after SIGTERM. */
const GRACE_MS = 2000;

/** How many watches listen to unhandled rejections now. */
let listening = 0;

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
    if (this.#killed) endProcess(child);
  };
  /**
   * Listening alone would keep a process alive that has no other listener and that unhandled
   * rejections of the user's own would end; so those are thrown again.
   */
  readonly #onRejection = (reason: unknown): void => {
    if (isSessionError(reason)) this.#error = reason;
    else if (process.listenerCount("unhandledRejection") === listening) throw reason;
  };

  /** @param variables What is added to the environment of the CLI, and of nothing else. */
  constructor(variables: Readonly<Record<string, string>> = {}) {
    this.#variables = variables;
    process.on("unhandledRejection", this.#onRejection);
    subscribe(CHANNEL, this.#onChild);
    listening += 1;
  }

  /** Runs what opens a session. */
  run<T>(open: () => Promise<T>): Promise<T> {
    return started.run(this.#children, open);
  }

  /** What the CLI said when it ended early, if it did; to be asked once the SDK has given up. */
  async error(): Promise<unknown> {
    // Node reports unhandled rejections once all microtasks are done.
    await new Promise((resolve) => setImmediate(resolve));
    return this.#error;
  }

  /** Resolves when the CLI has ended; the SDK asks it to, and does not wait for that. */
  async gone(): Promise<void> {
    await Promise.all([...this.#children].map(endOf));
  }

  /** Ends the CLI, also one that is started only now. Returns whether there was one. */
  kill(): boolean {
    this.#killed = true;
    for (const child of this.#children) endProcess(child);
    return this.#children.size > 0;
  }

  /** The session is open: the start needs no watch any more, only the end of the CLI does. */
  opened(): void {
    for (const child of this.#children) {
      // The SDK makes its child a promise as well, which nobody listens to.
      (child as Partial<Promise<unknown>>).catch?.(() => {});
      child.once("exit", warnOfBadEnd);
    }
    this.end();
  }

  /** Ends the watch; may be called more than once. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    listening -= 1;
    process.removeListener("unhandledRejection", this.#onRejection);
    unsubscribe(CHANNEL, this.#onChild);
  }
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) resolve();
    else child.once("exit", () => resolve());
  });
}

/** How Node starts a process; of its options only the environment matters here. */
type Spawn = (options: { envPairs?: readonly string[] }) => unknown;

/**
 * Adds variables to the environment of a process that is made but not started yet. The SDK hands its
 * own environment to the CLI, where the variables would start its own telemetry; and a program that
 * stood in for the CLI would have to find the one that the SDK downloads.
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
      warn(
        "traces-not-read",
        "this version of Node.js starts processes in a way that is not known",
      );
      return spawn.call(child, options);
    }
    // Of two with one name the CLI reads the first.
    const kept = envPairs.filter((pair) => !names.includes(pair.slice(0, pair.indexOf("="))));
    return spawn.call(child, Object.assign(options, { envPairs: [...kept, ...added] }));
  };
  Object.defineProperty(child, "spawn", { value: startWithMore, configurable: true });
}

/** The only trace of a CLI that ended on its own or in bad order: nothing of what it said. */
function warnOfBadEnd(code: number | null, signal: NodeJS.Signals | null): void {
  if (code === 0 || signal === "SIGTERM") return;
  process.emitWarning(`the dagger CLI of a session ended with ${signal ?? `exit code ${code}`}`, {
    type: "CircuitBreakerWarning",
    code: "dagger-cli-ended",
  });
}

/** Ends a process in good order, or by force when it takes too long. */
function endProcess(child: ChildProcess): void {
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  child.once("exit", () => clearTimeout(timer));
  child.kill("SIGTERM");
}

function isSessionError(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "EngineSessionError";
}
