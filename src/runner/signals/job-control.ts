/**
 * Handles Ctrl-Z and `fg`. On a terminal, suspends this process together with the command. Without
 * a terminal, passes SIGTSTP and SIGCONT on to the command.
 */

import { isInForeground } from "./foreground.js";

/** Clocks that can be paused. Both methods may be called repeatedly. */
export interface StoppableClocks {
  pause(): void;
  resume(): void;
}

/** A running command that can be suspended. */
export interface StoppableCommand {
  signal(signal: NodeJS.Signals): void;
  /** Suspends the command as SIGTSTP would. Returns whether the command itself is suspended now. */
  stop(): boolean;
}

/** False on Windows, which has no job control. */
const HAS_JOB_CONTROL = process.platform !== "win32";

/** The listener for SIGTSTP and SIGCONT during one run. */
export class JobControl {
  #command: StoppableCommand | undefined;
  #sharesTerminal = false;
  #clocks: StoppableClocks | undefined;
  readonly #onStop = (): void => this.#stop();
  readonly #onContinue = (): void => {
    // In the foreground, `fg` has already sent SIGCONT to the command. After `bg`, the command gets
    // the signal twice, which is harmless.
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
    // Ctrl-Z reaches the whole process group. If this process is in the background, the signal came
    // from `kill`, and the command has not received it.
    if (!isInForeground()) this.#command?.signal("SIGTSTP");
    this.#clocks?.pause();
    // Raises SIGTSTP with its default action, not SIGSTOP. If no shell could continue this process,
    // the system ignores SIGTSTP. SIGSTOP would then suspend this process forever.
    process.off("SIGTSTP", this.#onStop);
    process.kill(process.pid, "SIGTSTP");
    process.on("SIGTSTP", this.#onStop);
    this.#clocks?.resume();
  }
}
