/** Handles signals to a run: passes them on to the running command, and ends waits between attempts. */

import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { isInForeground } from "./foreground.js";
import { JobControl, type StoppableClocks, type StoppableCommand } from "./job-control.js";
import { holdForLastWords } from "./last-words.js";
import { asksToEnd, PASSED_ON } from "./passed-signals.js";

/** If the system sent SIGXFSZ because of our own output file, our write fails within this time. */
const OWN_FAULT_MS = 50;

/** The signals of Ctrl-C and Ctrl-\, which a terminal sends to the command too. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);
/** Signals with which CI systems, Docker and people end a command. */
const STOPPING: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM"]);

/**
 * The signal for a file that exceeds the size limit. Node.js ignores it, so that the write fails
 * instead. Removing the last listener would make it fatal, so one listener always stays.
 */
const TOO_LARGE = "SIGXFSZ";
const ignored = (): void => undefined;

/** The error of a run that got a signal to end while no command was running. */
export class RunInterruptedError extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.name = "RunInterruptedError";
    this.signal = signal;
  }
}

/** The part of a running command that `RunSignals` uses. */
export interface SignaledCommand extends StoppableCommand {
  /** Whether a limit has already sent the command a signal to end. */
  readonly isTold: boolean;
  /** Sends SIGKILL to the command and all its descendants. */
  kill(): void;
}

/** The rules for passing signals on. */
export interface PassingRules {
  /**
   * Whether the command is in our process group, so that typed signals reach it directly. If we
   * passed them on too, the command would get each one twice, and a second SIGINT ends dagger at
   * once.
   */
  readonly sharesTerminal: boolean;
  /**
   * Whether the first SIGINT or SIGTERM is passed on as SIGINT. `dagger call` handles only SIGINT:
   * it reports what hung and sends its last spans.
   */
  readonly interruptsFirst: boolean;
  /**
   * Milliseconds after a first SIGINT or SIGTERM until all processes are killed; undefined for
   * never.
   */
  readonly killAfterMs?: number | undefined;
  /** Clocks that pause while the command is suspended. */
  readonly clocks?: StoppableClocks | undefined;
  /** Returns whether our own output could not be written. */
  readonly hasOutputFailed?: (() => boolean) | undefined;
}

/** Listens to signals from before the first attempt of a run until after the last one. */
export class RunSignals {
  readonly #interruption = new AbortController();
  readonly #jobControl = new JobControl();
  /** Signals that we passed on to the command. */
  readonly #passed = new Set<NodeJS.Signals>();
  #command: SignaledCommand | undefined;
  #rules: PassingRules | undefined;
  #received: NodeJS.Signals | undefined;
  #isStopping = false;
  #isReleased = false;
  #translated: NodeJS.Signals | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (signal === TOO_LARGE) {
      this.#onTooLarge();
      return;
    }
    if (asksToEnd(signal) || this.#command === undefined) this.#interrupt(signal);
    this.#pass(signal);
  };
  readonly #onExit = (): void => void this.#command?.signal("SIGTERM");

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, this.#onSignal);
    const isListening = process.listeners(TOO_LARGE).includes(ignored);
    if (constants.signals[TOO_LARGE] !== undefined && !isListening) process.on(TOO_LARGE, ignored);
    process.on("exit", this.#onExit);
  }

  /** The first signal that ends the run, if one arrived. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** Aborted when the run must end, with a {@link RunInterruptedError}. */
  get any(): AbortSignal {
    return this.#interruption.signal;
  }

  /**
   * The signal that we passed on as SIGINT, such as SIGTERM; undefined if another signal followed.
   */
  get translated(): NodeJS.Signals | undefined {
    return this.#translated;
  }

  /**
   * Passes signals on to a command until it ends. If this process exits first, sends SIGTERM to the
   * command.
   */
  passTo(child: ChildProcess, command: SignaledCommand, rules: PassingRules): void {
    this.#command = command;
    this.#rules = rules;
    this.#jobControl.passTo(command, rules.sharesTerminal, rules.clocks);
    child.once("exit", (_exitCode, signal) => {
      // The command died from a signal that we passed on, such as SIGUSR1, or from Ctrl-C before
      // our own listener was called.
      const mayBeTyped = signal !== null && !command.isTold && isTyped(signal, rules);
      if (signal !== null && (mayBeTyped || this.#passed.has(signal))) this.#interrupt(signal);
      if (this.#command !== command) return;
      this.#command = undefined;
      this.#jobControl.forget();
    });
  }

  /**
   * Stops listening. After SIGINT or SIGTERM, ignores further ones for a moment, so that the run
   * can be reported. May be called again.
   */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const signal of PASSED_ON) process.off(signal, this.#onSignal);
    process.off("exit", this.#onExit);
    clearTimeout(this.#killTimer);
    this.#jobControl.release();
    if (this.#isStopping) holdForLastWords();
  }

  /**
   * Handles SIGXFSZ. The system also sends it if our own output file became too large; then it is
   * not passed on.
   */
  #onTooLarge(): void {
    const command = this.#command;
    const pass = (): void => {
      if (this.#command === undefined || this.#command !== command) return;
      if (this.#rules?.hasOutputFailed?.() !== true) this.#pass(TOO_LARGE);
    };
    setTimeout(pass, OWN_FAULT_MS).unref();
  }

  #interrupt(signal: NodeJS.Signals): void {
    this.#received ??= signal;
    this.#interruption.abort(new RunInterruptedError(this.#received));
  }

  #pass(signal: NodeJS.Signals): void {
    const isFirst = STOPPING.has(signal) && !this.#isStopping;
    if (isFirst) this.#stops();
    const command = this.#command;
    if (command === undefined || this.#rules === undefined) return;
    const { interruptsFirst } = this.#rules;
    if (isTyped(signal, this.#rules)) return;
    this.#translated = isFirst && interruptsFirst && signal !== "SIGINT" ? signal : undefined;
    if (!isFirst || !interruptsFirst) this.#send(command, signal);
    // Skipped if a limit has already sent SIGINT: a second one would cut off what dagger reports at
    // its end.
    else if (!command.isTold) this.#send(command, "SIGINT");
  }

  #send(command: SignaledCommand, signal: NodeJS.Signals): void {
    this.#passed.add(signal);
    command.signal(signal);
  }

  /**
   * Starts the timer that kills the command: the CI system will kill us soon, and our report must
   * come first.
   */
  #stops(): void {
    this.#isStopping = true;
    const { killAfterMs } = this.#rules ?? {};
    if (killAfterMs === undefined) return;
    this.#killTimer = setTimeout(() => this.#command?.kill(), killAfterMs).unref();
  }
}

/**
 * Returns whether a signal was probably typed, so that the terminal has sent it to the command too.
 */
function isTyped(signal: NodeJS.Signals, { sharesTerminal }: PassingRules): boolean {
  return sharesTerminal && TYPED.has(signal) && isInForeground();
}
