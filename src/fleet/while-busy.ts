/** Asks a store again while other processes keep it locked. */

import { StoreBusyError } from "./store-error.js";

/**
 * The pause between two attempts in milliseconds. A transaction of another process takes less time.
 */
const AGAIN_AFTER_MS = 10;

/**
 * Calls `question` until the store is not busy. Returns the answer, and passes on any other error
 * at once.
 *
 * @param limitMs The time limit for all attempts. After this time, the last `StoreBusyError` is
 * thrown.
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
