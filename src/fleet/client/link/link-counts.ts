/** Declares the counts of the link to a store. */

/** The counts of the link to a store. No count ever decreases. */
export interface LinkCounts {
  /** Commands that were sent. */
  readonly sentCount: number;
  /** Commands that failed. */
  readonly failedCount: number;
  /** Commands without a reply before the deadline. */
  readonly timedOutCount: number;
  /**
   * Commands that were not sent, because the store was down or too many commands were in flight.
   */
  readonly unsentCount: number;
}
