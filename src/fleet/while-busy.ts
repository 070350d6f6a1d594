/** Retries while other processes keep a store busy. */

import { StoreBusyError } from "./store-error.js";

/** Longer than a transaction of another process. */
const AGAIN_AFTER_MS = 10;

/**
 * Asks until the store is not busy.
 *
 * @param limitMs The limit for retries. After it the last error is thrown, that of a busy store.
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
