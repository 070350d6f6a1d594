/** The closed state: calls pass, and the trip policy counts their outcomes. */

import { CircuitState } from "../circuit-state.js";
import type { TripPolicy, TripSnapshot } from "../trip/trip-policy.js";
import type { Admission, LastFailure, StateShape } from "./state-shape.js";

export class ClosedState implements StateShape {
  declare readonly kind: typeof CircuitState.Closed;
  readonly sinceMs: number;
  readonly policy: TripPolicy;
  failure: LastFailure | undefined = undefined;

  constructor(sinceMs: number, policy: TripPolicy) {
    this.sinceMs = sinceMs;
    this.policy = policy;
  }

  static {
    // `kind` is set on the prototype. A field would take memory in each breaker, and a getter would
    // cost a call at each read.
    Object.defineProperty(ClosedState.prototype, "kind", { value: CircuitState.Closed });
  }

  admission(nowMs: number): Admission {
    return this.policy.isDue(nowMs) ? "trip" : "admit";
  }

  counted(nowMs: number): TripSnapshot {
    return this.policy.snapshot(nowMs);
  }
}
