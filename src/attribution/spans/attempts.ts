/** Groups repeated exchanges. An engine repeats a request after some failures, such as a 429. */

import type { Exchange } from "./exchange.js";

/** An exchange together with its repetitions. */
export interface Attempts {
  /**
   * The attempt that decides: the last attempt that was not canceled. If all attempts were canceled, the
   * first attempt decides.
   */
  readonly last: Exchange;
  /** The number of attempts, at least 1. */
  readonly count: number;
}

/**
 * Groups the repetitions of each exchange.
 *
 * @param exchanges The exchanges in the order of their start.
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
