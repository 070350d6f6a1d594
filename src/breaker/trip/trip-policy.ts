/** The interface of trip policies: they count outcomes and decide when to open. */

/**
 * Counts outcomes while the circuit is closed; each closed period has its own policy object. All
 * times are on the breaker's clock.
 */
export interface TripPolicy {
  /** Whether the policy reads times. If not, `nowMs` is 0. */
  readonly needsTime: boolean;
  /** Whether `isDue` can return true, so that admissions must call it. */
  readonly judgesAtAdmission: boolean;
  /** Whether a success changes anything before the first failure. If not, it is not counted until then. */
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

/** A trip policy as configured. */
export interface TripPlan {
  /** The given options, with defaults. */
  readonly options: Readonly<Record<string, number | undefined>>;
  /** The duration from which a call is slow; undefined if calls need no timing. */
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
