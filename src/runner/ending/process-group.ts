/** Sends signals to a command and all its descendants, and makes sure that all of them end. */

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessEntry, processTable } from "../process-table.js";
import type { StopStep } from "./stop-plan.js";
import { stopsByDefault } from "./stops-by-default.js";

const LOOK_AGAIN_MS = 50;

/** A command and its descendants. */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #leads: boolean;
  /**
   * The descendants found so far. They are remembered, because the system no longer shows the
   * descendants of a parent that has ended.
   */
  readonly #seen = new Map<number, ProcessEntry>();
  #isTold = false;

  /**
   * @param leads Whether the command leads its own process group. This must be false on a terminal,
   * because such a group could not read from the terminal. The descendants are then found through
   * their parents.
   */
  constructor(child: ChildProcess, leads: boolean) {
    this.#child = child;
    this.#leads = leads && process.platform !== "win32";
  }

  /** Whether `end` or `kill` was called. A signal that was only passed on does not count. */
  get isTold(): boolean {
    return this.#isTold;
  }

  /** The id of the command's own process group. Undefined if it has none or was not started. */
  get id(): number | undefined {
    return this.#leads ? this.#child.pid : undefined;
  }

  /**
   * Sends a signal to the command's own group. Without such a group, sends the signal to the
   * command alone.
   */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (this.#leads) send(-pid, signal);
    else this.#child.kill(signal);
  }

  /**
   * Suspends the command, as Ctrl-Z does. If the command leads its own group, the system ignores
   * SIGTSTP, because no shell could continue that group. So processes that do not handle SIGTSTP
   * get SIGSTOP.
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
   * Sends the signals of the steps one after another until all processes have ended. If some
   * remain, sends SIGKILL and does not wait.
   */
  async end(steps: readonly StopStep[]): Promise<void> {
    this.#isTold = true;
    for (const { signal, forMs } of steps) {
      this.#signalAll(signal);
      if (await this.#goneWithin(forMs)) return;
    }
    this.#signalAll("SIGKILL");
  }

  /** Sends SIGKILL to the command and its descendants. */
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
    // Finds the descendants first. Once the signal has ended a parent, its children cannot be
    // found.
    if (!this.#leads) this.#look();
    this.signal(signal);
    for (const { pid } of this.#seen.values()) send(pid, signal);
  }

  #isAlive(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined) return false;
    if (exitCode === null && signalCode === null) return true;
    // Signal 0 also succeeds for a zombie, and the init process of a container may never reap
    // zombies. So the members are checked too.
    if (this.#leads) return send(-pid, 0) && this.#members().length > 0;
    if (this.#seen.size === 0) return false;
    this.#look();
    return this.#seen.size > 0;
  }

  /** Returns the processes of the group that have not ended. */
  #members(): readonly ProcessEntry[] {
    return processTable().filter(({ group }) => group === this.#child.pid);
  }

  /** Adds new descendants to `#seen`, and removes those that have ended. */
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

/** Sends a signal. Returns whether the process or group exists. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as { code?: unknown }).code === "EPERM";
  }
}
