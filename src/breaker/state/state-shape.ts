/** What the states of a circuit have in common: each knows whether it admits, and nothing of others. */

import type { CircuitState } from "../circuit-state.js";
import type { RejectionReason } from "../errors.js";
import type { TripSnapshot } from "../trip/trip-policy.js";

/** Why a state does not admit, and for how long. */
export interface Refusal {
  readonly reason: Exclude<RejectionReason, "isolated">;
  readonly retryAfterMs: number;
}

/** What a state answers to an admission. */
export type Admission =
  /** Come in. */
  | "admit"
  /** The closed circuit finds that it should have opened. */
  | "trip"
  /** The open time is over: this call is the first probe. */
  | "probe"
  /** Stay out. */
  | Refusal;

/** What a later opening and its rejections have to know of a failure. */
export interface LastFailure {
  readonly error: unknown;
  /** Until when the upstream asked to be left alone; undefined when it did not. */
  readonly quietUntilMs: number | undefined;
}

/** What each state implements. */
export interface StateShape {
  readonly kind: CircuitState;
  /** When the state began, on the breaker's clock. */
  readonly sinceMs: number;
  /** The last failure that counted before or in this state; rejections name it as their cause. */
  readonly failure: LastFailure | undefined;
  /** What an admission at `nowMs` would be told. Changes nothing. */
  admission(nowMs: number): Admission;
  /**
   * What the trip policy has counted at `nowMs`; once the circuit has opened, what it had counted at
   * that moment. Changes nothing.
   */
  counted(nowMs: number): TripSnapshot;
}
