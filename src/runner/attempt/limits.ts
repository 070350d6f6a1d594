/** Detects a command that hangs: it reaches no engine, shows no progress, or takes too long. */

import type { RunLimit, RunLimits } from "../run-plan.js";

/** The callbacks of {@link AttemptLimits}. */
export interface LimitsWatch {
  /** Called once, when the first limit is exceeded. */
  onOver(limit: RunLimit): void;
  /** Returns whether output is delayed because the program that reads our output is slow. */
  isHeldUp(): boolean;
}

interface Due {
  readonly afterMs: number;
  atMs: number;
}

/**
 * The limits that any output restarts. A slow reader of our output restarts them too. The reader
 * delays the output, so the command only seems silent.
 */
const OF_OUTPUT: ReadonlySet<RunLimit> = new Set(["idle", "session"]);
/** The longest time between two checks of the clocks. */
const BEAT_MS = 1_000;
/**
 * A check that is late by more than this time shows that this process was suspended. The lost time
 * does not count toward the limits.
 */
const STOPPED_MS = 2_000;

/**
 * The clocks of one attempt. They pause while the command is suspended, for example by Ctrl-Z.
 * Their timer does not keep this process alive; the running command does.
 */
export class AttemptLimits {
  readonly #watch: LimitsWatch;
  readonly #dues = new Map<RunLimit, Due>();
  /**
   * The idle limit, while its clock has not started. The first output or trace starts the clock.
   */
  #idleLaterMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lookAtMs = 0;
  #pausedAtMs: number | undefined;
  #over: RunLimit | null = null;
  #connected = false;

  readonly #lostSessionGraceMs: number | undefined;

  constructor(limits: RunLimits, watch: LimitsWatch) {
    this.#watch = watch;
    this.#lostSessionGraceMs = limits.lostSessionGraceMs;
    this.#start("total", limits.timeoutMs);
    this.#start("connect", limits.connectTimeoutMs);
    if (limits.idleFromFirstSign) this.#idleLaterMs = limits.idleTimeoutMs;
    else this.#start("idle", limits.idleTimeoutMs);
    this.#schedule();
  }

  /** The limit that ended the command; null if none did. */
  get over(): RunLimit | null {
    return this.#over;
  }

  /** Whether a session to an engine was seen. */
  get isConnected(): boolean {
    return this.#connected;
  }

  /** Restarts the idle limit and the limit on a lost session, because output or a trace arrived. */
  progressed(): void {
    if (this.#idleLaterMs !== undefined) this.#startIdle();
    else this.#restart("idle");
    this.#restart("session");
  }

  /** Ends the limits on connecting and on a lost session, because the command has a session. */
  connected(): void {
    this.#connected = true;
    this.#dues.delete("connect");
    this.#dues.delete("session");
  }

  /**
   * Starts the limit on a lost session. The command may still open another session, or continue
   * without one.
   */
  sessionLost(): void {
    this.#start("session", this.#lostSessionGraceMs);
    if (this.#pausedAtMs === undefined) this.#schedule();
  }

  /** Pauses the clocks, because the command was suspended. */
  pause(): void {
    this.#pausedAtMs ??= performance.now();
    clearTimeout(this.#timer);
  }

  /** Resumes the clocks, because the command continues. */
  resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#putOff(performance.now() - this.#pausedAtMs);
    this.#pausedAtMs = undefined;
    this.#schedule();
  }

  /**
   * Ends all limits but the total one, because the command has ended. The total limit continues
   * until the remaining output is passed on.
   */
  commandEnded(): void {
    this.#dues.delete("connect");
    this.#dues.delete("idle");
    this.#dues.delete("session");
  }

  /** Stops all clocks. */
  end(): void {
    this.#idleLaterMs = undefined;
    this.#dues.clear();
    clearTimeout(this.#timer);
  }

  #start(limit: RunLimit, afterMs: number | undefined): void {
    if (afterMs !== undefined)
      this.#dues.set(limit, { afterMs, atMs: performance.now() + afterMs });
  }

  #startIdle(): void {
    this.#start("idle", this.#idleLaterMs);
    this.#idleLaterMs = undefined;
    if (this.#pausedAtMs === undefined) this.#schedule();
  }

  #restart(limit: RunLimit): void {
    const due = this.#dues.get(limit);
    if (due !== undefined) due.atMs = performance.now() + due.afterMs;
  }

  #putOff(byMs: number): void {
    for (const due of this.#dues.values()) due.atMs += byMs;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#dues.size === 0) return;
    const nowMs = performance.now();
    const nextMs = Math.min(...[...this.#dues.values()].map(({ atMs }) => atMs - nowMs));
    const inMs = Math.max(1, Math.min(BEAT_MS, Math.ceil(nextMs)));
    this.#lookAtMs = nowMs + inMs;
    this.#timer = setTimeout(() => this.#look(), inMs).unref();
  }

  #look(): void {
    const lateMs = performance.now() - this.#lookAtMs;
    if (lateMs > STOPPED_MS) this.#putOff(lateMs);
    const nowMs = performance.now();
    for (const [limit, { atMs }] of this.#dues) {
      if (atMs > nowMs) continue;
      if (OF_OUTPUT.has(limit) && this.#watch.isHeldUp()) {
        this.#restart(limit);
        continue;
      }
      this.#end(limit);
      return;
    }
    this.#schedule();
  }

  #end(limit: RunLimit): void {
    this.#over = limit;
    this.end();
    this.#watch.onOver(limit);
  }
}

/** Returns a limit in milliseconds; 0 if it is not set. */
export function limitMs(limits: RunLimits, limit: RunLimit): number {
  const byName = {
    total: limits.timeoutMs,
    idle: limits.idleTimeoutMs,
    connect: limits.connectTimeoutMs,
    session: limits.lostSessionGraceMs,
  };
  return byName[limit] ?? 0;
}
