/**
 * Tracks settlements that wait for the engine's spans or for its version. Until they are done, they hold
 * probe slots of half-open circuits, so the next request waits for them.
 */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { onAbort } from "../../policies/abort.js";

/** The longest wait for the engine's version, in milliseconds. No settlement waits longer. */
export const VERSION_TIMEOUT_MS = 2000;

/** The pending settlements of each breaker, from all guards of this process. */
const pending = new WeakMap<CircuitBreaker, Set<Promise<void>>>();
/**
 * The number of pending settlements of all breakers. While this number is 0, breakers need not be looked
 * up.
 */
let pendingCount = 0;

/**
 * Records a settlement that holds permits of these breakers until it is done. The promise must not reject.
 */
export function settleLater(
  breakers: readonly CircuitBreaker[],
  settlement: Promise<unknown>,
): void {
  pendingCount += 1;
  const done = settlement.then(() => {
    pendingCount -= 1;
    for (const breaker of breakers) {
      const left = pending.get(breaker);
      left?.delete(done);
      if (left?.size === 0) pending.delete(breaker);
    }
  });
  for (const breaker of breakers) {
    const others = pending.get(breaker);
    if (others === undefined) pending.set(breaker, new Set([done]));
    else others.add(done);
  }
}

/**
 * Waits for pending settlements, if the breakers reject only because settlements hold the probe slots. The
 * wait ends after the longest time of a settlement, or when the signal is aborted.
 *
 * @returns Undefined if there is nothing to wait for.
 */
export function probesJudged(
  breakers: readonly CircuitBreaker[],
  signal: AbortSignal | undefined,
): Promise<void> | undefined {
  if (pendingCount === 0 || !breakers.some((breaker) => pending.has(breaker))) return undefined;
  const settlements = breakers.flatMap((breaker) => [...(pending.get(breaker) ?? [])]);
  const refusing = breakers.map((breaker) => breaker.check()).filter(({ admits }) => !admits);
  if (refusing.length === 0 || refusing.some(({ reason }) => reason !== "probing")) {
    return undefined;
  }
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      forget();
      resolve();
    };
    const timer = setTimeout(end, VERSION_TIMEOUT_MS);
    const forget = onAbort(signal, end);
    if (signal?.aborted) end();
    void Promise.all(settlements).then(end);
  });
}
