/** Signals to a run: they go to the command while it runs, and end the waits between its attempts. */

import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { isInForeground } from "./foreground.js";
import { JobControl, type StoppableClocks, type StoppableCommand } from "./job-control.js";
import { holdForLastWords } from "./last-words.js";
import { asksToEnd, PASSED_ON } from "./passed-signals.js";

/** Within this time after SIGXFSZ our own write fails, where that was the reason for it. */
const OWN_FAULT_MS = 50;

/** What a terminal sends to the command as well when somebody types it. */
const TYPED: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);
/** What CI systems, Docker and people end a command with. */
const STOPPING: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM"]);

/**
 * Node.js ignores it, so that a write fails instead. Without any listener it would end us from the first
 * one that is taken off: one stays for good.
 */
const TOO_LARGE = "SIGXFSZ";
const ignored = (): void => undefined;

/** A run was told to end while no command was running. */
export class RunInterruptedError extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.name = "RunInterruptedError";
    this.signal = signal;
  }
}

/** A running command, as far as signals are concerned. */
export interface SignaledCommand extends StoppableCommand {
  /** Whether a limit of ours has told it to end already. */
  readonly isTold: boolean;
  /** Ends it by force, with all that it has started. */
  kill(): void;
}

/** How signals reach a command. */
export interface PassingRules {
  /**
   * Whether the command is in our own process group, so that what is typed at a terminal reaches it
   * without us. Passed on as well it would count twice, and dagger takes the second one for "at once".
   */
  readonly sharesTerminal: boolean;
  /**
   * Whether the first SIGINT or SIGTERM is passed on as SIGINT. `dagger call` handles SIGINT alone: it
   * tells what hung and sends its last spans.
   */
  readonly interruptsFirst: boolean;
  /** How long after a first SIGINT or SIGTERM all that still runs is killed; undefined for never. */
  readonly killAfterMs?: number | undefined;
  /** The clocks that stand still while the command is stopped. */
  readonly clocks?: StoppableClocks | undefined;
  /** Whether our own output could not be written. */
  readonly hasOutputFailed?: (() => boolean) | undefined;
}

/** The signals of one run, from before its first command to after its last. */
export class RunSignals {
  readonly #interruption = new AbortController();
  readonly #jobControl = new JobControl();
  /** Signals that the command has got from us. */
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

  /** The first signal that came to end the run, if one did. */
  get received(): NodeJS.Signals | undefined {
    return this.#received;
  }

  /** Aborted when the run is to end, with a {@link RunInterruptedError}. */
  get any(): AbortSignal {
    return this.#interruption.signal;
  }

  /** The signal in whose place the command got SIGINT, and nothing after it. */
  get translated(): NodeJS.Signals | undefined {
    return this.#translated;
  }

  /** Passes signals on to a command until its end, and ends it should we end before it. */
  passTo(child: ChildProcess, command: SignaledCommand, rules: PassingRules): void {
    this.#command = command;
    this.#rules = rules;
    this.#jobControl.passTo(command, rules.sharesTerminal, rules.clocks);
    child.once("exit", (_exitCode, signal) => {
      // A signal that may only tell something has ended the command after all. What is typed may end it
      // before the same reaches us.
      const mayBeTyped = signal !== null && !command.isTold && isTyped(signal, rules);
      if (signal !== null && (mayBeTyped || this.#passed.has(signal))) this.#interrupt(signal);
      if (this.#command !== command) return;
      this.#command = undefined;
      this.#jobControl.forget();
    });
  }

  /** Listens no more. What was told to end may still say its last words. May be called again. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const signal of PASSED_ON) process.off(signal, this.#onSignal);
    process.off("exit", this.#onExit);
    clearTimeout(this.#killTimer);
    this.#jobControl.release();
    if (this.#isStopping) holdForLastWords();
  }

  /** The system sends it to us as well, for a file that became too large: that is no word to the command. */
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
    // A second SIGINT would cut off what the command says after the one that a limit has sent.
    else if (!command.isTold) this.#send(command, "SIGINT");
  }

  #send(command: SignaledCommand, signal: NodeJS.Signals): void {
    this.#passed.add(signal);
    command.signal(signal);
  }

  /** Who told us to end will kill us soon: what we have to say must come before that. */
  #stops(): void {
    this.#isStopping = true;
    const { killAfterMs } = this.#rules ?? {};
    if (killAfterMs === undefined) return;
    this.#killTimer = setTimeout(() => this.#command?.kill(), killAfterMs).unref();
  }
}

/** Whether a signal reaches the command without us, as far as can be known. */
function isTyped(signal: NodeJS.Signals, { sharesTerminal }: PassingRules): boolean {
  return sharesTerminal && TYPED.has(signal) && isInForeground();
}
