/** Ends a command that hangs: one that never reaches an engine, shows no progress, or takes too long. */

import type { RunLimit, RunLimits } from "./run-plan.js";

/** What the limits of an attempt need to know, and whom they tell. */
export interface LimitsWatch {
  /** Called once, when the first of the limits is over. */
  onOver(limit: RunLimit): void;
  /** Whether output does not come because our own reader is slow. */
  isHeldUp(): boolean;
}

/** The clocks over one attempt. Their timers hold no process: the command does. */
export class AttemptLimits {
  readonly #watch: LimitsWatch;
  readonly #timers = new Map<RunLimit, NodeJS.Timeout>();
  #over: RunLimit | null = null;
  #ended = false;
  #connected = false;

  constructor(limits: RunLimits, watch: LimitsWatch) {
    this.#watch = watch;
    this.#start("total", limits.timeoutMs);
    this.#start("connect", limits.connectTimeoutMs);
    this.#start("idle", limits.idleTimeoutMs);
  }

  /** Which limit ended the command; null when none did. */
  get over(): RunLimit | null {
    return this.#over;
  }

  /** Whether there was a sign of a session. */
  get isConnected(): boolean {
    return this.#connected;
  }

  /** There was output, or a trace. */
  progressed(): void {
    this.#timers.get("idle")?.refresh();
  }

  /** There is a session to an engine. */
  connected(): void {
    this.#connected = true;
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
      if (limit === "idle" && this.#watch.isHeldUp()) {
        timer.refresh();
        return;
      }
      this.#over = limit;
      this.end();
      this.#watch.onOver(limit);
    }, afterMs);
    this.#timers.set(limit, timer.unref());
  }
}
