/** Holds the signals that would end this process, and passes them on to the one that it stands for. */

import type { ChildProcess } from "node:child_process";

/** What ends a process by default, and would leave the real CLI behind. */
const ENDING = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;

/** The signals of a process, until they are released. */
export class HeldSignals {
  /** The first one that came. */
  received: NodeJS.Signals | undefined;
  readonly #abort = new AbortController();
  readonly #reachesAll: (signal: NodeJS.Signals) => boolean;
  #child: ChildProcess | undefined;
  readonly #take = (signal: NodeJS.Signals): void => {
    this.received ??= signal;
    this.#abort.abort();
    if (!this.#reachesAll(signal)) this.#child?.kill(signal);
  };

  /** @param reachesAll Whether a signal reaches the other process without us. */
  constructor(reachesAll: (signal: NodeJS.Signals) => boolean) {
    this.#reachesAll = reachesAll;
    for (const signal of ENDING) process.on(signal, this.#take);
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
    for (const signal of ENDING) process.off(signal, this.#take);
  }
}
