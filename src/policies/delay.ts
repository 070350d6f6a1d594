/** Waits for a time. The timer keeps the process alive, because a caller awaits the delay. */

import { type Clock, startTimer, systemClock } from "../breaker/clock.js";
import { onAbort } from "./abort.js";

/**
 * Resolves after `delayMs`, rounded up to whole milliseconds. A timer that fires too early would start a
 * call while the circuit is still open.
 *
 * @throws The reason of `signal` as soon as the signal is aborted.
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
