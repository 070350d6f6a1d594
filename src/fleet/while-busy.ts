/** Asks a store again while others keep it busy. */

import { StoreBusyError } from "./store-error.js";

/** A transaction of another process takes less. */
const AGAIN_AFTER_MS = 10;

/**
 * Asks until the store is not busy.
 *
 * @param limitMs For how long it is asked again; the last error is that of a store that is busy.
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
