/** Signals to a run: they go to the command while it runs, and end the waits between its attempts. */

import type { ChildProcess } from "node:child_process";
import type { ProcessGroup } from "../ending/process-group.js";
import { isInForeground } from "./foreground.js";

/** What ends us by default, and would leave a command behind. */
export const PASSED_ON = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const;
/** What a terminal sends to the command as well when somebody types it. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

/** A run was told to end while no command was running. */
export class RunInterruptedError extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.name = "RunInterruptedError";
    this.signal = signal;
  }
}

/** The signals of one run, from before its first command to after its last. */
export class RunSignals {
  readonly #interruption = new AbortController();
  #command: Pick<ProcessGroup, "signal"> | undefined;
  #sharesTerminal = false;
  #received: NodeJS.Signals | undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#received ??= signal;
    this.#interruption.abort(new RunInterruptedError(this.#received));
    if (!this.#reaches(signal)) this.#command?.signal(signal);
  };
  readonly #onExit = (): void => void this.#command?.signal("SIGTERM");

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, this.#onSignal);
    process.on("exit", this.#onExit);
  }

  /** The first signal that came, if one did. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** Aborted at the first signal, with a {@link RunInterruptedError}. */
  get any(): AbortSignal {
    return this.#interruption.signal;
  }

  /**
   * Passes signals on to a command until its end, and ends it should we end before it.
   *
   * @param command What is sent a signal: all that the child has started, or the child alone.
   * @param sharesTerminal Whether it is in our own process group, so that what is typed at a terminal
   * reaches it without us. Passed on as well it would count twice, and dagger takes the second one
   * for "at once".
   */
  passTo(
    child: ChildProcess,
    command: Pick<ProcessGroup, "signal">,
    sharesTerminal: boolean,
  ): void {
    this.#command = command;
    this.#sharesTerminal = sharesTerminal;
    child.once("exit", () => {
      if (this.#command === command) this.#command = undefined;
    });
  }

  /** Listens no more. */
  release(): void {
    for (const signal of PASSED_ON) process.off(signal, this.#onSignal);
    process.off("exit", this.#onExit);
  }

  #reaches(signal: NodeJS.Signals): boolean {
    return this.#sharesTerminal && TYPED.has(signal) && isInForeground();
  }
}
