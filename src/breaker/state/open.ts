/** The open state: calls are rejected until the open time is over. */

import { CircuitState } from "../circuit-state.js";
import { remainingMs } from "../remaining.js";
import type { TripSnapshot } from "../trip/trip-policy.js";
import type { Admission, LastFailure, StateShape } from "./state-shape.js";

export class OpenState implements StateShape {
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

  get kind(): typeof CircuitState.Open {
    return CircuitState.Open;
  }

  admission(nowMs: number): Admission {
    if (nowMs >= this.untilMs) return "probe";
    return { reason: "open", retryAfterMs: remainingMs(this.untilMs, nowMs) };
  }

  counted(): TripSnapshot {
    return this.#counted;
  }
}
