/** Which exchanges are repetitions of others: an engine asks again when it is told to come back. */

import type { Exchange } from "./exchange.js";

/** One thing that the engine wanted of a host, however often it asked. */
export interface Attempts {
  /** The attempt that decides: the last one that anything can be learnt from. */
  readonly last: Exchange;
  /** How many attempts there were, 1 or more. */
  readonly count: number;
}

/**
 * Puts the repetitions of an exchange together.
 *
 * @param exchanges In the order in which they began.
 */
export function attemptsOf(exchanges: readonly Exchange[]): Attempts[] {
  const byTarget = new Map<string, Attempts>();
  for (const exchange of exchanges) {
    const { requestId, kind, host, target } = exchange;
    const key = `${requestId} ${kind} ${host} ${target}`;
    const before = byTarget.get(key);
    const last = before === undefined || exchange.outcome !== "cancelled" ? exchange : before.last;
    byTarget.set(key, { last, count: (before?.count ?? 0) + 1 });
  }
  return [...byTarget.values()];
}
