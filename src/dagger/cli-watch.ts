/**
 * Watches the CLI that the SDK starts for a session. The SDK hands it to nobody, does not end it
 * when it hangs, and lets slip what it says when it ends early: the caller is told of a `TypeError`
 * about `port`, while the true error is an unhandled rejection, which ends Node.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import type { ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** The processes that are started while a session is opened. */
const started = new AsyncLocalStorage<Set<ChildProcess>>();

const CHANNEL = "child_process";

/** How long the CLI may take to end after SIGTERM. */
const GRACE_MS = 2000;

/** The watch over one start of a session. */
export class CliWatch {
  readonly #children = new Set<ChildProcess>();
  #error: unknown;
  readonly #onChild = (message: unknown): void => {
    started.getStore()?.add((message as { readonly process: ChildProcess }).process);
  };
  /**
   * Listening alone would keep a process alive that has no other listener and that unhandled
   * rejections of the user's own would end; so those are thrown again.
   */
  readonly #onRejection = (reason: unknown): void => {
    if (isSessionError(reason)) this.#error = reason;
    else if (process.listenerCount("unhandledRejection") === 1) throw reason;
  };

  constructor() {
    process.on("unhandledRejection", this.#onRejection);
    subscribe(CHANNEL, this.#onChild);
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

  /** Ends the CLI. Returns whether there was one. */
  kill(): boolean {
    for (const child of this.#children) {
      const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      child.once("exit", () => clearTimeout(timer));
      child.kill("SIGTERM");
    }
    return this.#children.size > 0;
  }

  /** Ends the watch; may be called more than once. */
  end(): void {
    process.removeListener("unhandledRejection", this.#onRejection);
    unsubscribe(CHANNEL, this.#onChild);
  }
}

function isSessionError(reason: unknown): boolean {
  return reason instanceof Error && reason.name === "EngineSessionError";
}
