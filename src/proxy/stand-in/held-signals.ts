/** Intercepts the signals that would end this process, and forwards them to the real CLI. */

import type { ChildProcess } from "node:child_process";

/**
 * The signals that ask for an end. Others with the same default effect may have another meaning for
 * the CLI.
 */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"]);

/** The intercepted signals of a process, until they are released. */
export class HeldSignals {
  /** The first received signal that asks for an end. */
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
   * @param held The signals that end a process by default, and would leave the real CLI behind.
   * @param reachesAll Whether a signal reaches the other process without us.
   */
  constructor(held: readonly NodeJS.Signals[], reachesAll: (signal: NodeJS.Signals) => boolean) {
    this.#held = held;
    this.#reachesAll = reachesAll;
    for (const signal of held) process.on(signal, this.#take);
  }

  /** Aborted when the first one arrives. */
  get any(): AbortSignal {
    return this.#abort.signal;
  }

  /** Forwards signals to a process from now on. */
  passTo(child: ChildProcess): void {
    this.#child = child;
  }

  /** Restores the earlier effect of the signals. */
  release(): void {
    for (const signal of this.#held) process.off(signal, this.#take);
  }
}
