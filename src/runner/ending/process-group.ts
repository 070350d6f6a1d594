/** Signals a command with all that it has started, and sees to it that all of it ends. */

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessEntry, processTable } from "./process-table.js";
import type { StopStep } from "./stop-plan.js";
import { stopsByDefault } from "./stops-by-default.js";

const LOOK_AGAIN_MS = 50;

/** A command with what it has started. */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #leads: boolean;
  /** Those that were seen below it: once their parent has ended they are found by nobody. */
  readonly #seen = new Map<number, ProcessEntry>();
  #isTold = false;

  /**
   * @param leads Whether the command leads a process group of its own. With a terminal it cannot: it
   * would lose the foreground. Then its descendants are looked for.
   */
  constructor(child: ChildProcess, leads: boolean) {
    this.#child = child;
    this.#leads = leads && process.platform !== "win32";
  }

  /** Whether it was told to end by us, and not by somebody whose signal was passed on. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** The group that the command leads; undefined when it leads none, or was not started. */
  get id(): number | undefined {
    return this.#leads ? this.#child.pid : undefined;
  }

  /** Sends a signal as a terminal or a CI system would: to the group, or to the command alone. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (this.#leads) send(-pid, signal);
    else this.#child.kill(signal);
  }

  /**
   * Stops it as SIGTSTP does. A group of its own has no shell that could continue it, so the system
   * ignores SIGTSTP there: what does not handle the signal is stopped by SIGSTOP.
   */
  stop(): boolean {
    this.signal("SIGTSTP");
    const { pid } = this.#child;
    if (!this.#leads || pid === undefined) return false;
    const stopped = this.#members().filter((member) => stopsByDefault(member.pid));
    for (const member of stopped) send(member.pid, "SIGSTOP");
    return stopped.some((member) => member.pid === pid);
  }

  /**
   * Asks all to end by one signal after the other, and ends them by force when they take too long.
   * Resolves once they are told to; what is left then is gone in a moment.
   */
  async end(steps: readonly StopStep[]): Promise<void> {
    this.#isTold = true;
    for (const { signal, forMs } of steps) {
      this.#signalAll(signal);
      if (await this.#goneWithin(forMs)) return;
    }
    this.#signalAll("SIGKILL");
  }

  /** Ends all by force. */
  kill(): void {
    this.#isTold = true;
    this.#signalAll("SIGKILL");
  }

  async #goneWithin(withinMs: number): Promise<boolean> {
    const endMs = performance.now() + withinMs;
    while (this.#isAlive()) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return false;
      await sleep(Math.min(LOOK_AGAIN_MS, leftMs));
    }
    return true;
  }

  #signalAll(signal: NodeJS.Signals): void {
    // Once a parent has ended nothing tells any more whose its children were.
    if (!this.#leads) this.#look();
    this.signal(signal);
    for (const { pid } of this.#seen.values()) send(pid, signal);
  }

  #isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return false;
    if (exitCode === null && signalCode === null) return true;
    // A zombie can be sent signals for ever: an init that does not reap leaves it there.
    if (this.#leads) return send(-pid, 0) && this.#members().length > 0;
    if (this.#seen.size === 0) return false;
    this.#look();
    return this.#seen.size > 0;
  }

  /** The processes of the group that have not ended. */
  #members(): readonly ProcessEntry[] {
    return processTable().filter(({ group }) => group === this.#child.pid);
  }

  /** Looks for descendants, and forgets those that have ended. */
  #look(): void {
    const table = processTable();
    const now = new Map(table.map((entry) => [entry.pid, entry]));
    for (const [pid, { since }] of this.#seen) {
      if (now.get(pid)?.since !== since) this.#seen.delete(pid);
    }
    const parents = new Set([this.#child.pid, ...this.#seen.keys()]);
    for (const parent of parents) {
      for (const entry of table) {
        if (entry.parent !== parent || parents.has(entry.pid)) continue;
        parents.add(entry.pid);
        this.#seen.set(entry.pid, entry);
      }
    }
  }
}

/** Returns whether there was anybody to send it to. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}
