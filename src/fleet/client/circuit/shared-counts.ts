/** Declares the counts of a shared circuit in this process. */

/** The counts of a shared circuit in this process. No count ever decreases. */
export interface SharedCounts {
  /** Calls for which this process asked the store. */
  readonly askedCount: number;
  /** Calls that the shared circuit rejected. */
  readonly refusedCount: number;
  /**
   * Calls that were admitted without a reply of the store, because the store was down or too slow.
   */
  readonly aloneCount: number;
  /** Outcomes that the store has received. Outcomes that came too late to count are included. */
  readonly toldCount: number;
  /**
   * Outcomes that were lost. They were not sent because the store was down, or were sent but not
   * answered.
   */
  readonly droppedCount: number;
}
