/** Signals a command and all its descendants, and makes sure that all of them end. */

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessEntry, processTable } from "./process-table.js";
import type { StopStep } from "./stop-plan.js";
import { stopsByDefault } from "./stops-by-default.js";

const LOOK_AGAIN_MS = 50;

/** A command and its descendants. */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #leads: boolean;
  /** Descendants seen so far: after the end of their parent they cannot be found. */
  readonly #seen = new Map<number, ProcessEntry>();
  #isTold = false;

  /**
   * @param leads Whether the command leads its own process group. On a terminal it cannot, because
   * it would lose the foreground; then its descendants are searched for.
   */
  constructor(child: ChildProcess, leads: boolean) {
    this.#child = child;
    this.#leads = leads && process.platform !== "win32";
  }

  /** Whether we ended it, rather than passed on a signal. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** The id of the group that the command leads; undefined if it leads none or was not started. */
  get id(): number | undefined {
    return this.#leads ? this.#child.pid : undefined;
  }

  /** Sends a signal to the group, or to the command alone, as a terminal or CI system would. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (this.#leads) send(-pid, signal);
    else this.#child.kill(signal);
  }

  /**
   * Stops it as SIGTSTP does. The system ignores SIGTSTP in an own group, which no shell could
   * continue, so a command that does not handle it gets SIGSTOP.
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
   * Sends one signal after another, then ends all processes by force. Resolves once they were told;
   * the rest ends in a moment.
   */
  async end(steps: readonly StopStep[]): Promise<void> {
    this.#isTold = true;
    for (const { signal, forMs } of steps) {
      this.#signalAll(signal);
      if (await this.#goneWithin(forMs)) return;
    }
    this.#signalAll("SIGKILL");
  }

  /** Ends all processes by force. */
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
    // After the end of a parent its children cannot be found.
    if (!this.#leads) this.#look();
    this.signal(signal);
    for (const { pid } of this.#seen.values()) send(pid, signal);
  }

  #isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return false;
    if (exitCode === null && signalCode === null) return true;
    // A zombie accepts signals forever if init does not reap it.
    if (this.#leads) return send(-pid, 0) && this.#members().length > 0;
    if (this.#seen.size === 0) return false;
    this.#look();
    return this.#seen.size > 0;
  }

  /** Returns the processes of the group that have not ended. */
  #members(): readonly ProcessEntry[] {
    return processTable().filter(({ group }) => group === this.#child.pid);
  }

  /** Finds descendants, and drops ended ones. */
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

/** Returns whether a process received it. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}
