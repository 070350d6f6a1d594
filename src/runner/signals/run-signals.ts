/**
 * Handles signals to a run. Passes them on to the running command, and ends waits between attempts.
 */

import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { isInForeground } from "./foreground.js";
import { JobControl, type StoppableClocks, type StoppableCommand } from "./job-control.js";
import { holdForLastWords } from "./last-words.js";
import { asksToEnd, PASSED_ON } from "./passed-signals.js";

/** The wait after SIGXFSZ. If our own output file is too large, our write has failed by then. */
const OWN_FAULT_MS = 50;

/** The signals of Ctrl-C and Ctrl-\. A terminal sends them to the command too. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);
/** Signals with which CI systems, Docker and people end a command. */
const STOPPING: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM"]);

/**
 * The signal for a file that exceeds the size limit. Node.js ignores this signal, so that the write
 * fails instead. Removing the last listener would make the signal fatal, so one listener always
 * stays.
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
   * Whether the command is in our process group. Typed signals then reach the command directly.
   * Passing them on too would send each signal twice, and a second SIGINT ends dagger at once.
   */
  readonly sharesTerminal: boolean;
  /**
   * Whether the first SIGINT or SIGTERM is passed on as SIGINT. Only after SIGINT, `dagger call`
   * reports what hung and sends its last spans.
   */
  readonly interruptsFirst: boolean;
  /**
   * Milliseconds from the first SIGINT or SIGTERM until all processes are killed; undefined for
   * never.
   */
  readonly killAfterMs?: number | undefined;
  /** Clocks that pause while the command is suspended. */
  readonly clocks?: StoppableClocks | undefined;
  /** Returns whether our stdout or stderr could not be written. */
  readonly hasOutputFailed?: (() => boolean) | undefined;
}

/**
 * The listener for signals, from before the first attempt of a run until after the last attempt.
 */
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

  /** The first signal that ends the run; undefined if none arrived. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** Aborted when the run must end, with a {@link RunInterruptedError}. */
  get any(): AbortSignal {
    return this.#interruption.signal;
  }

  /** The last signal, such as SIGTERM, if the command got SIGINT instead; otherwise undefined. */
  get translated(): NodeJS.Signals | undefined {
    return this.#translated;
  }

  /**
   * Passes signals on to a command until the command ends. If this process exits first, sends
   * SIGTERM to the command.
   */
  passTo(child: ChildProcess, command: SignaledCommand, rules: PassingRules): void {
    this.#command = command;
    this.#rules = rules;
    this.#jobControl.passTo(command, rules.sharesTerminal, rules.clocks);
    child.once("exit", (_exitCode, signal) => {
      // A signal that was passed on, such as SIGUSR1, ended the command. Or Ctrl-C ended the
      // command before our listener was called. In both cases the run ends too.
      const mayBeTyped = signal !== null && !command.isTold && isTyped(signal, rules);
      if (signal !== null && (mayBeTyped || this.#passed.has(signal))) this.#interrupt(signal);
      if (this.#command !== command) return;
      this.#command = undefined;
      this.#jobControl.forget();
    });
  }

  /**
   * Stops listening. After SIGINT or SIGTERM, more of these signals are ignored for a moment, so
   * that the run can be reported. Later calls have no effect.
   */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    // A signal that no one listens to ends the process, so the next listeners come first.
    if (this.#isStopping) holdForLastWords();
    for (const signal of PASSED_ON) process.off(signal, this.#onSignal);
    process.off("exit", this.#onExit);
    clearTimeout(this.#killTimer);
    this.#jobControl.release();
  }

  /**
   * Handles SIGXFSZ. Passes the signal on to the command, unless our own output file became too
   * large and caused the signal.
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
    // Sends no SIGINT if a limit has already sent one. A second SIGINT would cut off dagger's last
    // report.
    else if (!command.isTold) this.#send(command, "SIGINT");
  }

  #send(command: SignaledCommand, signal: NodeJS.Signals): void {
    this.#passed.add(signal);
    command.signal(signal);
  }

  /**
   * Starts the timer that kills the command. The CI system will soon kill this process too, and the
   * report must be written before that.
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
