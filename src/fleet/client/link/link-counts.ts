/** What the way to a store has counted. */

/** What a link has counted; none of it ever goes back. */
export interface LinkCounts {
  /** Commands that were sent. */
  readonly sentCount: number;
  /** Those that failed. */
  readonly failedCount: number;
  /** Those that had no answer within the deadline. */
  readonly timedOutCount: number;
  /** Those that were not sent, because the store was down or too many were on their way. */
  readonly unsentCount: number;
}
