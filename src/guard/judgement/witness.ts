/** What a guard can learn of a request beside its answer. */

import type { Evidence } from "../../attribution/spans/evidence.js";

/** Somebody who has seen one request from inside the engine, as its spans do. */
export interface RequestWitness {
  /** Our own time-out has just dropped the request: only what is seen from now on tells why. */
  dropped(timeoutMs: number): void;
  /**
   * What was seen once the request is over; undefined when that is not told in time, and then the
   * answer alone decides. Asked once; must not reject.
   *
   * @param withinMs How long to wait for it, in milliseconds.
   */
  evidence(withinMs: number): Promise<readonly Evidence[] | undefined>;
  /** Nobody will ask. Does nothing after `evidence`. */
  end(): void;
}

/** How long a settlement waits for its witness; the caller never does. */
export const WITNESS_WITHIN_MS = 1000;
