/** Limits how long a caller waits for a store. */

import { FleetStoreError } from "./store-error.js";

/**
 * Passes on the result of `promise`.
 *
 * @param awaited Whether a caller waits: only then does the limit keep the process alive.
 * @throws FleetStoreError (as a rejection) when it takes longer than `limitMs`.
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
