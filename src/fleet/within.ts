/** Waits for a store no longer than a limit. */

import { FleetStoreError } from "./store-error.js";

/**
 * Passes on what `promise` comes to.
 *
 * @throws FleetStoreError (as a rejection) when it takes longer than `limitMs`.
 */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new FleetStoreError(`the store took longer than ${limitMs} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
