/** Ctrl-Z and `fg`: stops us together with a command on a terminal, and passes both on without one. */

import { isInForeground } from "./foreground.js";

/** Clocks that can stand still. Both calls may be repeated. */
export interface StoppableClocks {
  pause(): void;
  resume(): void;
}

/** A running command that can be stopped. */
export interface StoppableCommand {
  signal(signal: NodeJS.Signals): void;
  /** Stops it as SIGTSTP would. Returns whether the command itself stands still now. */
  stop(): boolean;
}

/** Nothing is there to be stopped on Windows. */
const HAS_JOB_CONTROL = process.platform !== "win32";

/** Listens to SIGTSTP and SIGCONT for one run. */
export class JobControl {
  #command: StoppableCommand | undefined;
  #sharesTerminal = false;
  #clocks: StoppableClocks | undefined;
  readonly #onStop = (): void => this.#stop();
  readonly #onContinue = (): void => {
    // `fg` has continued the whole group. After `bg` it comes twice, which harms nobody.
    if (!this.#sharesTerminal || !isInForeground()) this.#command?.signal("SIGCONT");
    this.#clocks?.resume();
  };

  constructor() {
    if (!HAS_JOB_CONTROL) return;
    process.on("SIGTSTP", this.#onStop);
    process.on("SIGCONT", this.#onContinue);
  }

  /** Passes on to a command from now on. */
  passTo(
    command: StoppableCommand,
    sharesTerminal: boolean,
    clocks: StoppableClocks | undefined,
  ): void {
    this.#command = command;
    this.#sharesTerminal = sharesTerminal;
    this.#clocks = clocks;
  }

  /** The command has ended. */
  forget(): void {
    this.#command = undefined;
    this.#clocks = undefined;
  }

  /** Listens no more. */
  release(): void {
    process.off("SIGTSTP", this.#onStop);
    process.off("SIGCONT", this.#onContinue);
  }

  #stop(): void {
    if (this.#command !== undefined && !this.#sharesTerminal) {
      if (this.#command.stop()) this.#clocks?.pause();
      return;
    }
    // What is typed reaches the whole group; what was sent to us alone did not reach the command.
    if (!isInForeground()) this.#command?.signal("SIGTSTP");
    this.#clocks?.pause();
    // By the default action and not by SIGSTOP: the system knows whether a shell is there to continue us.
    process.off("SIGTSTP", this.#onStop);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", this.#onStop);
    this.#clocks?.resume();
  }
}
