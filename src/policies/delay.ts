/** A wait that somebody awaits: its timer holds the process and goes when the wait ends. */

import { type Clock, startTimer, systemClock } from "../breaker/clock.js";
import { onAbort } from "./abort.js";

/**
 * Resolves after `delayMs`, which is rounded up: a timer that fires early would have its caller
 * arrive before an open time is over.
 *
 * @throws The reason of `signal`, at once, when it is aborted.
 */
export function delay(
  delayMs: number,
  signal: AbortSignal | undefined,
  clock: Clock = systemClock,
): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const end = () => {
      forget();
      resolve();
    };
    const cancel = startTimer(clock, end, Math.ceil(delayMs));
    const forget = onAbort(signal, (reason) => {
      cancel();
      reject(reason);
    });
  });
}
