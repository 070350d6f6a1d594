/** Ends a command that hangs: one that never reaches an engine, shows no progress, or takes too long. */

import type { RunLimit, RunLimits } from "./run-plan.js";

/** The clocks over one attempt. Their timers hold no process: the command does. */
export class AttemptLimits {
  readonly #onOver: (limit: RunLimit) => void;
  readonly #timers = new Map<RunLimit, NodeJS.Timeout>();
  #over: RunLimit | null = null;
  #ended = false;

  /** @param onOver Called once, when the first of the limits is over. */
  constructor(limits: RunLimits, onOver: (limit: RunLimit) => void) {
    this.#onOver = onOver;
    this.#start("total", limits.timeoutMs);
    this.#start("connect", limits.connectTimeoutMs);
    this.#start("idle", limits.idleTimeoutMs);
  }

  /** Which limit ended the command; null when none did. */
  get over(): RunLimit | null {
    return this.#over;
  }

  /** There was output, or a trace. */
  progressed(): void {
    this.#timers.get("idle")?.refresh();
  }

  /** There is a session to an engine. */
  connected(): void {
    clearTimeout(this.#timers.get("connect"));
  }

  /** The command has ended. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #start(limit: RunLimit, afterMs: number | undefined): void {
    if (afterMs === undefined) return;
    const timer = setTimeout(() => {
      if (this.#ended || this.#over !== null) return;
      this.#over = limit;
      this.end();
      this.#onOver(limit);
    }, afterMs);
    this.#timers.set(limit, timer.unref());
  }
}
