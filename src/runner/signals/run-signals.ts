/** Handles signals to a run: passes them on to the running command, and ends waits between attempts. */

import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { isInForeground } from "./foreground.js";
import { JobControl, type StoppableClocks, type StoppableCommand } from "./job-control.js";
import { holdForLastWords } from "./last-words.js";
import { asksToEnd, PASSED_ON } from "./passed-signals.js";

/** If SIGXFSZ was for us, our own write fails within this time. */
const OWN_FAULT_MS = 50;

/** Signals that a terminal also sends to the command when typed. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);
/** Signals with which CI systems, Docker and people end a command. */
const STOPPING: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM"]);

/**
 * Node.js ignores SIGXFSZ, so that a write fails instead. After the last listener is removed it
 * would end us, so one stays for good.
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

/** The part of a running command that signals need. */
export interface SignaledCommand extends StoppableCommand {
  /** Whether a limit has already told it to end. */
  readonly isTold: boolean;
  /** Ends it and all its descendants by force. */
  kill(): void;
}

/** The rules for passing signals on. */
export interface PassingRules {
  /**
   * Whether the command is in our process group, so that typed signals reach it directly. Passing
   * them on too would count twice, and dagger ends at once after the second.
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
  /** Clocks that pause while the command is stopped. */
  readonly clocks?: StoppableClocks | undefined;
  /** Returns whether our own output could not be written. */
  readonly hasOutputFailed?: (() => boolean) | undefined;
}

/** The signals of one run, from before its first command to after its last. */
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

  /** The signal that was passed on as SIGINT, if no other followed. */
  get translated(): NodeJS.Signals | undefined {
    return this.#translated;
  }

  /** Passes signals on to a command until its end, and ends it if we end first. */
  passTo(child: ChildProcess, command: SignaledCommand, rules: PassingRules): void {
    this.#command = command;
    this.#rules = rules;
    this.#jobControl.passTo(command, rules.sharesTerminal, rules.clocks);
    child.once("exit", (_exitCode, signal) => {
      // A signal that need not end a command has ended it. A typed signal may end it before it
      // reaches us.
      const mayBeTyped = signal !== null && !command.isTold && isTyped(signal, rules);
      if (signal !== null && (mayBeTyped || this.#passed.has(signal))) this.#interrupt(signal);
      if (this.#command !== command) return;
      this.#command = undefined;
      this.#jobControl.forget();
    });
  }

  /** Stops listening. A run that was told to end may still report. May be called again. */
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
   * Handles SIGXFSZ. The system also sends it to us for a file that became too large, and then it
   * is not meant for the command.
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
    // A second SIGINT would cut off the command's report after the one that a limit sent.
    else if (!command.isTold) this.#send(command, "SIGINT");
  }

  #send(command: SignaledCommand, signal: NodeJS.Signals): void {
    this.#passed.add(signal);
    command.signal(signal);
  }

  /** Starts the time until a kill: the sender will kill us soon, and our report must come first. */
  #stops(): void {
    this.#isStopping = true;
    const { killAfterMs } = this.#rules ?? {};
    if (killAfterMs === undefined) return;
    this.#killTimer = setTimeout(() => this.#command?.kill(), killAfterMs).unref();
  }
}

/** Returns whether a signal reaches the command directly, as far as known. */
function isTyped(signal: NodeJS.Signals, { sharesTerminal }: PassingRules): boolean {
  return sharesTerminal && TYPED.has(signal) && isInForeground();
}
