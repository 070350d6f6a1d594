/** Holds the signals that would end this process, and passes them on to the one that it stands for. */

import type { ChildProcess } from "node:child_process";

/** Those that ask for an end; others that end a process by default may only tell the CLI something. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

/** The signals of a process, until they are released. */
export class HeldSignals {
  /** The first one that came to end us. */
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
   * @param held What ends a process by default, and would leave the real CLI behind.
   * @param reachesAll Whether a signal reaches the other process without us.
   */
  constructor(held: readonly NodeJS.Signals[], reachesAll: (signal: NodeJS.Signals) => boolean) {
    this.#held = held;
    this.#reachesAll = reachesAll;
    for (const signal of held) process.on(signal, this.#take);
  }

  /** Aborted when the first one comes. */
  get any(): AbortSignal {
    return this.#abort.signal;
  }

  /** Passes those that come from now on to a process. */
  passTo(child: ChildProcess): void {
    this.#child = child;
  }

  /** Leaves signals to do what they did before. */
  release(): void {
    for (const signal of this.#held) process.off(signal, this.#take);
  }
}
