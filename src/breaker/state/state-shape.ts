/**
 * The common interface of the states. Each state decides admission and does not know the others.
 */

import type { CircuitState } from "../circuit-state.js";
import type { RejectionReason } from "../errors.js";
import type { TripSnapshot } from "../trip/trip-policy.js";

/** The reason why a state admits no call, and the milliseconds until a retry makes sense. */
export interface StateRejection {
  readonly reason: Exclude<RejectionReason, "isolated">;
  readonly retryAfterMs: number;
}

/** The instruction of a state for one call: admit it, reject it, or change the state first. */
export type Admission =
  | "admit"
  /** The circuit is closed, but enough bad seconds have ended, so it must open now. */
  | "trip"
  /** The open time is over, so this call is the first probe. */
  | "probe"
  | StateRejection;

/** The facts of a failure that a later opening and its rejections need. */
export interface LastFailure {
  readonly error: unknown;
  /**
   * The time until which the upstream asked to be left alone. Undefined if the upstream did not
   * ask.
   */
  readonly quietUntilMs: number | undefined;
}

export interface StateShape {
  readonly kind: CircuitState;
  /** The start of the state on the breaker's clock. */
  readonly sinceMs: number;
  /**
   * The last counted failure before or in this state. A rejection has this failure as its cause.
   */
  readonly failure: LastFailure | undefined;
  /** Returns whether a call at `nowMs` is admitted, and if not, why. Changes nothing. */
  admission(nowMs: number): Admission;
  /**
   * Returns the counts of the trip policy at `nowMs`, or at the moment when the circuit opened.
   * Changes nothing.
   */
  counted(nowMs: number): TripSnapshot;
}
