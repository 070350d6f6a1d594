/** When a shared circuit opens and for how long; it travels with each command, so a store needs none. */

/** The policy of one shared circuit. All times are in milliseconds. */
export interface SharedPolicy {
  /** So many bad seconds in a row open the circuit; 1 or more. */
  readonly badSeconds: number;
  /** None of them may be older than this. */
  readonly windowMs: number;
  /**
   * From how many reporters the row must hold failures, 1 to 8, for the circuit to open: one runner
   * with a broken network must not open it for all others. A failure that opens at once needs one.
   */
  readonly minimumReporters: number;
  readonly resetTimeoutMs: number;
  readonly maxOpenMs: number;
  readonly openTimeGrowthFactor: number;
  readonly openTimeJitter: number;
  readonly halfOpenMaxCalls: number;
  readonly halfOpenSuccessThreshold: number;
  readonly halfOpenProbeTimeoutMs: number;
}

/** More bad seconds in a row than this are not asked for. */
export const MAX_BAD_SECONDS = 60;

/** More probes than this are not let in at once: each place is kept by name. */
export const MAX_PROBES = 1000;

/** So many reporters of a row are remembered, which is the highest `minimumReporters`. */
export const MAX_REPORTERS = 8;
