/**
 * Settlements of finished requests that wait for a request trace, or for the engine's version after
 * a timeout. While a circuit is half-open they hold its probes, so the next request has to wait for
 * them.
 */

import type { CircuitBreaker } from "../../breaker/circuit-breaker.js";
import { onAbort } from "../../policies/abort.js";

/** The engine's time for its version, which is the longest wait of a settlement. */
export const VERSION_TIMEOUT_MS = 2000;

/** By breaker, for the permits of all guards. */
const pending = new WeakMap<CircuitBreaker, Set<Promise<void>>>();
/** The number for all breakers: usually 0, and then no breaker is looked up. */
let pendingCount = 0;

/**
 * Records a settlement that holds permits of some breakers until it is done. It must not reject.
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
 * Waits until the probes of finished requests have been judged, if only they block the call. It
 * waits no longer than a settlement may take, and until the signal is aborted.
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
