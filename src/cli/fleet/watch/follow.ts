/** Follows the circuits of a scope by polls, and by pushes if the store has them. */

import type { FleetEntry } from "../../../fleet/store.js";
import { onAbort } from "../../../policies/abort.js";
import { EXIT } from "../../exit-codes.js";
import { CommandError } from "../../terminal.js";
import { type OpenScope, readCircuits } from "../with-store.js";
import { CircuitView } from "./circuit-view.js";

/** The receiver of changes. */
export interface Follower {
  /** Begins with the first reply of the store. */
  begin(view: CircuitView): void;
  /** Renders a possible change. Rejects with a CommandError when the store is lost meanwhile. */
  update(view: CircuitView): Promise<void> | void;
  /** Reports that the store no longer replies and is polled again. */
  lost(message: string): void;
  /** Reports that the store replies again. */
  found(): void;
}

const POLL_MS = 1000;
/** The poll interval if the store pushes changes, because a push can be lost. */
const BACKSTOP_MS = 5000;

/**
 * Reports changes to the follower until the signal is aborted.
 *
 * @throws CommandError when the store does not reply the first time.
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

/** Waits for a time, or until `ring` is called or the signal is aborted. */
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
