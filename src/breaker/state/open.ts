/** The open state: calls are rejected until the open time is over. */

import { CircuitState } from "../circuit-state.js";
import { remainingMs } from "../rounded-times.js";
import type { TripSnapshot } from "../trip/trip-policy.js";
import type { Admission, LastFailure, StateShape } from "./state-shape.js";

export class OpenState implements StateShape {
  declare readonly kind: typeof CircuitState.Open;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly failure: LastFailure | undefined;
  readonly #counted: TripSnapshot;

  constructor(
    sinceMs: number,
    untilMs: number,
    counted: TripSnapshot,
    failure: LastFailure | undefined,
  ) {
    this.sinceMs = sinceMs;
    this.untilMs = untilMs;
    this.#counted = counted;
    this.failure = failure;
  }

  static {
    // `kind` is set on the prototype. A field would take memory in each breaker, and a getter would
    // cost a call at each read.
    Object.defineProperty(OpenState.prototype, "kind", { value: CircuitState.Open });
  }

  admission(nowMs: number): Admission {
    if (nowMs >= this.untilMs) return "probe";
    return { reason: "open", retryAfterMs: remainingMs(this.untilMs, nowMs) };
  }

  counted(): TripSnapshot {
    return this.#counted;
  }
}
