/** The counts of this process for a shared circuit. */

/** The counts of a shared circuit in this process. No count ever decreases. */
export interface SharedCounts {
  /** Calls for which the store was asked. */
  readonly askedCount: number;
  /** Calls that the shared circuit refused. */
  readonly refusedCount: number;
  /** Calls that were admitted without the store, because it was down or too slow. */
  readonly aloneCount: number;
  /** Outcomes that the store has taken, late ones among them. */
  readonly toldCount: number;
  /** Outcomes that were lost: not sent because the store was down, or sent without an answer. */
  readonly droppedCount: number;
}
