/** Limits how long a caller waits for a store. */

import { FleetStoreError } from "./store-error.js";

/**
 * Returns the result of `promise` if it settles within the limit.
 *
 * @param awaited Whether a caller waits for the result. Only then does the timer keep the process
 * alive.
 * @throws FleetStoreError (as a rejection) if `promise` takes longer than `limitMs`.
 */
export async function within<T>(promise: Promise<T>, limitMs: number, awaited = true): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const end = () => reject(new FleetStoreError(`the store took longer than ${limitMs} ms`));
    timer = setTimeout(end, limitMs);
    if (!awaited) timer.unref();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
