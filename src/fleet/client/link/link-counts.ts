/** The counts of the connection to a store. */

/** The counts of a link. No count ever decreases. */
export interface LinkCounts {
  /** Commands that were sent. */
  readonly sentCount: number;
  /** Requests that failed. */
  readonly failedCount: number;
  /** Requests without an answer before the deadline. */
  readonly timedOutCount: number;
  /** Requests that were not sent, because the store was down or too many were in progress. */
  readonly unsentCount: number;
}
