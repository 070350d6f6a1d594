/** The interface of trip policies, which count outcomes and decide when the circuit opens. */

/**
 * A policy that counts outcomes while the circuit is closed. Each closed period has a policy object
 * of its own. All times are on the breaker's clock.
 */
export interface TripPolicy {
  /** Whether the policy reads times. If not, `nowMs` may be NaN. */
  readonly needsTime: boolean;
  /** Whether `isDue` can return true, so that it must be called at admissions. */
  readonly judgesAtAdmission: boolean;
  /**
   * Whether successes count before the first failure. If not, `success` is not called until a
   * failure was counted.
   */
  readonly countsSuccesses: boolean;
  /** Counts a success and returns whether the circuit must open. */
  success(nowMs: number, slow: boolean): boolean;
  /** Counts a failure and returns whether the circuit must open. */
  failure(nowMs: number, slow: boolean): boolean;
  /** Returns whether the counts must open the circuit at `nowMs`. Changes nothing. */
  isDue(nowMs: number): boolean;
  /** Returns the counts for metrics. Changes nothing. */
  snapshot(nowMs: number): TripSnapshot;
}

/** The configuration of a trip policy. */
export interface TripPlan {
  /** The given options, together with the defaults. */
  readonly options: Readonly<Record<string, number | undefined>>;
  /** Milliseconds from which a call is slow. Undefined if calls need no timing. */
  readonly slowCallMs: number | undefined;
  /** Creates a policy with empty counts, for a circuit that closes. */
  newPolicy(): TripPolicy;
}

/** The counts of a trip policy since the circuit closed. */
export type TripSnapshot =
  | { readonly policy: "consecutive"; readonly consecutiveFailures: number }
  | { readonly policy: "badSeconds"; readonly badSeconds: number }
  | { readonly policy: "failures"; readonly failures: number }
  | {
      readonly policy: "failureRate";
      readonly calls: number;
      readonly failures: number;
      readonly slowCalls: number;
    };
