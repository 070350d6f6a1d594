/** Signals a command with all that it has started, and sees to it that all of it ends. */

import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessEntry, processTable } from "./process-table.js";

/** How long a command may take to end after SIGTERM: dagger flushes its logs and traces. */
export const GRACE_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** A command with what it has started. */
export class ProcessGroup {
  readonly #child: ChildProcess;
  readonly #leads: boolean;
  /** Those that were seen below it: once their parent has ended they are found by nobody. */
  readonly #seen = new Map<number, ProcessEntry>();

  /**
   * @param leads Whether the command leads a process group of its own. With a terminal it cannot: it
   * would lose the foreground. Then its descendants are looked for.
   */
  constructor(child: ChildProcess, leads: boolean) {
    this.#child = child;
    this.#leads = leads && process.platform !== "win32";
  }

  /** Sends a signal as a terminal or a CI system would: to the group, or to the command alone. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (this.#leads) send(-pid, signal);
    else this.#child.kill(signal);
  }

  /**
   * Asks all to end, and ends them by force when they take too long. Resolves once they are told to;
   * what is left then is gone in a moment.
   */
  async end(graceMs = GRACE_MS): Promise<void> {
    this.#signalAll("SIGTERM");
    const endMs = performance.now() + graceMs;
    while (this.#isAlive()) {
      if (performance.now() > endMs) {
        this.#signalAll("SIGKILL");
        return;
      }
      await sleep(LOOK_AGAIN_MS);
    }
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
    if (this.#leads) return send(-pid, 0);
    if (this.#seen.size === 0) return false;
    this.#look();
    return this.#seen.size > 0;
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
