/** A delay whose timer keeps the process alive, since a caller awaits it. */

import { type Clock, startTimer, systemClock } from "../breaker/clock.js";
import { onAbort } from "./abort.js";

/**
 * Resolves after `delayMs`. Rounds up, because an early timer would call before the open time is
 * over.
 *
 * @throws The reason of `signal` as soon as it is aborted.
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
