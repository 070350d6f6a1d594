/**
 * Follows the circuits of a scope. Asks the store repeatedly, and receives pushes if the store
 * sends them.
 */

import type { FleetEntry } from "../../../fleet/store.js";
import { onAbort } from "../../../policies/abort.js";
import { EXIT } from "../../exit-codes.js";
import { CommandError } from "../../terminal.js";
import { type OpenScope, readCircuits } from "../with-store.js";
import { CircuitView } from "./circuit-view.js";

/** An object that reports changes to the user. */
export interface Follower {
  /** Called once, after the first reply of the store. */
  begin(view: CircuitView): void;
  /**
   * Reports changes, if there are any. Rejects with a CommandError if the store no longer replies.
   */
  update(view: CircuitView): Promise<void> | void;
  /** Reports that the store no longer replies. The store is still asked again. */
  lost(message: string): void;
  /** Reports that the store replies again. */
  found(): void;
}

const POLL_MS = 1000;
/**
 * The time between polls of a store that pushes changes. Polls are still needed, because a push can
 * be lost.
 */
const BACKSTOP_MS = 5000;

/**
 * Reports changes to the follower until the signal is aborted.
 *
 * @throws CommandError if the store does not reply at the start.
 */
export async function follow(
  opened: OpenScope,
  names: readonly string[],
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  const { store, scope } = opened;
  const view = new CircuitView(names);
  const alarm = new Alarm(signal);
  const pushed = (entry: FleetEntry) => {
    view.push(entry, performance.now());
    alarm.ring();
  };
  const stop = store.pushes ? store.subscribe(scope, pushed) : () => {};
  try {
    await poll(view, opened, names, signal);
    follower.begin(view);
    const periodMs = store.pushes ? BACKSTOP_MS : POLL_MS;
    let dueMs = performance.now() + periodMs;
    let isLost = false;
    while (!signal.aborted) {
      await alarm.wait(dueMs - performance.now());
      try {
        if (performance.now() >= dueMs) {
          await poll(view, opened, names, signal);
          if (isLost) follower.found();
          isLost = false;
          dueMs = performance.now() + periodMs;
        }
        await follower.update(view);
      } catch (error) {
        if (signal.aborted) return;
        if (!isStoreLost(error)) throw error;
        if (!isLost) follower.lost(error.message);
        isLost = true;
        dueMs = performance.now() + POLL_MS;
      }
    }
  } finally {
    stop();
  }
}

async function poll(
  view: CircuitView,
  opened: OpenScope,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const beganMs = performance.now();
  const found = await opened.ask(() => readCircuits(opened, names), signal);
  view.replace(found, beganMs, performance.now());
}

function isStoreLost(error: unknown): error is CommandError {
  return error instanceof CommandError && error.exitCode === EXIT.storeUnreachable;
}

/** A wait that ends after a time, when `ring` is called, or when the signal is aborted. */
class Alarm {
  readonly #signal: AbortSignal;
  #rang = false;
  #end = (): void => {};

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  ring(): void {
    this.#rang = true;
    this.#end();
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rang && !this.#signal.aborted && ms > 0) {
      let timer: NodeJS.Timeout | undefined;
      let off = () => {};
      await new Promise<void>((resolve) => {
        this.#end = resolve;
        timer = setTimeout(resolve, ms);
        off = onAbort(this.#signal, () => resolve());
      });
      clearTimeout(timer);
      off();
    }
    this.#rang = false;
  }
}
