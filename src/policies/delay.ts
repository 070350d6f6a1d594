/** A wait that somebody awaits: its timer holds the process and goes when the wait ends. */

import { onAbort } from "./abort.js";

/**
 * Resolves after `delayMs`, which is rounded up: a timer that fires early would have its caller
 * arrive before an open time is over.
 *
 * @throws The reason of `signal`, at once, when it is aborted.
 */
export function delay(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, Math.ceil(delayMs));
    const forget = onAbort(signal, (reason) => {
      clearTimeout(timer);
      reject(reason);
    });
  });
}
