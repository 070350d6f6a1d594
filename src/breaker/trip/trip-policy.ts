/** What every trip policy is to the state machine: it counts outcomes and says when to open. */

/** Counts the outcomes of one closed period. All times are of the breaker's clock. */
export interface TripPolicy {
  /** Whether outcomes must be told with the time; else `nowMs` is not read and is 0. */
  readonly needsTime: boolean;
  /** Whether `isDue` can ever say yes, so that admissions have to ask it. */
  readonly judgesAtAdmission: boolean;
  /** Counts a success and returns whether the circuit must open. */
  success(nowMs: number, slow: boolean): boolean;
  /** Counts a failure and returns whether the circuit must open. */
  failure(nowMs: number, slow: boolean): boolean;
  /** Whether what is counted so far must open the circuit at `nowMs`. Changes nothing. */
  isDue(nowMs: number): boolean;
  /** What is counted, for metrics. Changes nothing. */
  snapshot(nowMs: number): TripSnapshot;
}

/** A trip policy as the options ask for it. */
export interface TripPlan {
  /** What was asked for, defaults filled in. */
  readonly options: Readonly<Record<string, number | undefined>>;
  /** From which duration on a call is slow; undefined when nobody asks, and then nothing is timed. */
  readonly slowCallMs: number | undefined;
  /** Makes a policy that has counted nothing, for a circuit that closes. */
  newPolicy(): TripPolicy;
}

/** What a trip policy has counted since the circuit closed. */
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
