/** Catches the signals that would end this process, and forwards them to the real CLI. */

import type { ChildProcess } from "node:child_process";

/** The signals that ask a process to end. Other signals may have another meaning for the CLI. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

/** Catches signals of this process until `release`. */
export class HeldSignals {
  /**
   * The first caught signal that asks this process to end. Before the CLI runs, any caught signal is such a
   * signal.
   */
  received: NodeJS.Signals | undefined;
  readonly #abort = new AbortController();
  readonly #held: readonly NodeJS.Signals[];
  readonly #reachesAll: (signal: NodeJS.Signals) => boolean;
  #child: ChildProcess | undefined;
  readonly #take = (signal: NodeJS.Signals): void => {
    if (ENDING.has(signal) || this.#child === undefined) {
      this.received ??= signal;
      this.#abort.abort();
    }
    if (!this.#reachesAll(signal)) this.#child?.kill(signal);
  };

  /**
   * @param held The signals to catch. Without a handler, they would end this process and leave the real CLI
   * behind.
   * @param reachesAll Returns whether a signal reaches the real CLI without being forwarded.
   */
  constructor(held: readonly NodeJS.Signals[], reachesAll: (signal: NodeJS.Signals) => boolean) {
    this.#held = held;
    this.#reachesAll = reachesAll;
    for (const signal of held) process.on(signal, this.#take);
  }

  /** Aborted when a caught signal asks this process to end. */
  get any(): AbortSignal {
    return this.#abort.signal;
  }

  /** Forwards caught signals to a child process from now on. */
  passTo(child: ChildProcess): void {
    this.#child = child;
  }

  /** Stops catching signals. */
  release(): void {
    for (const signal of this.#held) process.off(signal, this.#take);
  }
}
