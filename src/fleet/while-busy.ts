/** Retries while other processes keep a store busy. */

import { StoreBusyError } from "./store-error.js";

/** The pause before asking again: longer than a transaction of another process takes. */
const AGAIN_AFTER_MS = 10;

/**
 * Asks until the store is not busy.
 *
 * @param limitMs The limit for retries. After it, throws the store's last `StoreBusyError`.
 */
export async function askWhileBusy<T>(question: () => Promise<T>, limitMs: number): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await question();
    } catch (error) {
      const isOver = performance.now() + AGAIN_AFTER_MS >= endMs;
      if (!(error instanceof StoreBusyError) || isOver) throw error;
    }
    await new Promise((again) => setTimeout(again, AGAIN_AFTER_MS));
  }
}
