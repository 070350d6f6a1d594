/**
 * Handles Ctrl-Z and `fg`: stops us together with a command on a terminal, and passes both on
 * without one.
 */

import { isInForeground } from "./foreground.js";

/** Clocks that can be paused. Both calls may be repeated. */
export interface StoppableClocks {
  pause(): void;
  resume(): void;
}

/** A running command that can be stopped. */
export interface StoppableCommand {
  signal(signal: NodeJS.Signals): void;
  /** Stops it as SIGTSTP would. Returns whether the command itself is stopped now. */
  stop(): boolean;
}

/** Windows has no job control. */
const HAS_JOB_CONTROL = process.platform !== "win32";

/** Listens to SIGTSTP and SIGCONT for one run. */
export class JobControl {
  #command: StoppableCommand | undefined;
  #sharesTerminal = false;
  #clocks: StoppableClocks | undefined;
  readonly #onStop = (): void => this.#stop();
  readonly #onContinue = (): void => {
    // `fg` has continued the whole group. After `bg` the signal comes twice, which is harmless.
    if (!this.#sharesTerminal || !isInForeground()) this.#command?.signal("SIGCONT");
    this.#clocks?.resume();
  };

  constructor() {
    if (!HAS_JOB_CONTROL) return;
    process.on("SIGTSTP", this.#onStop);
    process.on("SIGCONT", this.#onContinue);
  }

  /** Passes signals on to a command from now on. */
  passTo(
    command: StoppableCommand,
    sharesTerminal: boolean,
    clocks: StoppableClocks | undefined,
  ): void {
    this.#command = command;
    this.#sharesTerminal = sharesTerminal;
    this.#clocks = clocks;
  }

  /** Forgets a command that has ended. */
  forget(): void {
    this.#command = undefined;
    this.#clocks = undefined;
  }

  /** Stops listening. */
  release(): void {
    process.off("SIGTSTP", this.#onStop);
    process.off("SIGCONT", this.#onContinue);
  }

  #stop(): void {
    if (this.#command !== undefined && !this.#sharesTerminal) {
      if (this.#command.stop()) this.#clocks?.pause();
      return;
    }
    // Typed signals reach the whole group. A signal to us alone did not reach the command.
    if (!isInForeground()) this.#command?.signal("SIGTSTP");
    this.#clocks?.pause();
    // Uses the default action instead of SIGSTOP, because the system checks that a shell can
    // continue us.
    process.off("SIGTSTP", this.#onStop);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", this.#onStop);
    this.#clocks?.resume();
  }
}
