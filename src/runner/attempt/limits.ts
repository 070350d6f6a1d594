/** Ends a command that hangs: one that never reaches an engine, shows no progress, or takes too long. */

import type { RunLimit, RunLimits } from "../run-plan.js";

/** What the limits of an attempt need to know, and whom they tell. */
export interface LimitsWatch {
  /** Called once, when the first of the limits is over. */
  onOver(limit: RunLimit): void;
  /** Whether output does not come because our own reader is slow. */
  isHeldUp(): boolean;
}

interface Due {
  readonly afterMs: number;
  atMs: number;
}

/** What output puts off: our own slow reader is no silence of the command. */
const OF_OUTPUT: ReadonlySet<RunLimit> = new Set(["idle", "session"]);
/** How often the clocks are looked at, at least. */
const BEAT_MS = 1_000;
/** A look that comes later than this was kept from coming: we were stopped, and no time has passed. */
const STOPPED_MS = 2_000;

/**
 * The clocks over one attempt, which stand still while it is stopped. Their timer holds no process: the
 * command does.
 */
export class AttemptLimits {
  readonly #watch: LimitsWatch;
  readonly #dues = new Map<RunLimit, Due>();
  /** The idle limit, as long as it waits for a first sign. */
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
    if (this.#idleLaterMs !== undefined) this.#startIdle();
    else this.#restart("idle");
    this.#restart("session");
  }

  /** There is a session to an engine. */
  connected(): void {
    this.#connected = true;
    this.#dues.delete("connect");
    this.#dues.delete("session");
  }

  /** Its last session was lost: it may open another one, or go on without. */
  sessionLost(): void {
    this.#start("session", this.#lostSessionGraceMs);
    if (this.#pausedAtMs === undefined) this.#schedule();
  }

  /** The command has been stopped. */
  pause(): void {
    this.#pausedAtMs ??= performance.now();
    clearTimeout(this.#timer);
  }

  /** The command goes on. */
  resume(): void {
    if (this.#pausedAtMs === undefined) return;
    this.#putOff(performance.now() - this.#pausedAtMs);
    this.#pausedAtMs = undefined;
    this.#schedule();
  }

  /** The command has ended; its output counts as part of the attempt. */
  commandEnded(): void {
    this.#dues.delete("connect");
    this.#dues.delete("idle");
  }

  /** The attempt has ended. */
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

/** How long a limit is; 0 for one that is not set. */
export function limitMs(limits: RunLimits, limit: RunLimit): number {
  const byName = {
    total: limits.timeoutMs,
    idle: limits.idleTimeoutMs,
    connect: limits.connectTimeoutMs,
    session: limits.lostSessionGraceMs,
  };
  return byName[limit] ?? 0;
}
