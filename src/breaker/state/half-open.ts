/** Half-open: a few calls probe the upstream, each holding a slot that it loses if it takes too long. */

import { CircuitState } from "../circuit-state.js";
import type { Admission, StateShape } from "./state-shape.js";

/** The right of one probe to be counted against the slots, until it settles or the lease ends. */
export interface Lease {
  readonly endsMs: number;
}

/** The state of a circuit that finds out whether its upstream is back. */
export class HalfOpenState implements StateShape {
  readonly sinceMs: number;
  failure: unknown;
  readonly #slots: number;
  readonly #leaseMs: number;
  /** Live leases and those not yet found to have ended, in the order in which they end. */
  readonly #leases: Lease[] = [];
  #successesMissing: number;

  constructor(
    sinceMs: number,
    failure: unknown,
    limits: {
      readonly halfOpenMaxCalls: number;
      readonly halfOpenProbeTimeoutMs: number;
      readonly halfOpenSuccessThreshold: number;
    },
  ) {
    this.sinceMs = sinceMs;
    this.failure = failure;
    this.#slots = limits.halfOpenMaxCalls;
    this.#leaseMs = limits.halfOpenProbeTimeoutMs;
    this.#successesMissing = limits.halfOpenSuccessThreshold;
  }

  get kind(): typeof CircuitState.HalfOpen {
    return CircuitState.HalfOpen;
  }

  admission(nowMs: number): Admission {
    const live = this.#leases.filter((lease) => lease.endsMs > nowMs);
    const first = live[0];
    if (first === undefined || live.length < this.#slots) return "admit";
    return { reason: "probing", retryAfterMs: first.endsMs - nowMs };
  }

  /** Takes a slot; to be called after an admission at the same time. */
  lease(nowMs: number): Lease {
    while (this.#leases[0] !== undefined && this.#leases[0].endsMs <= nowMs) this.#leases.shift();
    const lease = { endsMs: nowMs + this.#leaseMs };
    this.#leases.push(lease);
    return lease;
  }

  /** Gives a slot back; does nothing when the lease has ended and another may hold the slot. */
  giveBack(lease: Lease): void {
    const index = this.#leases.indexOf(lease);
    if (index >= 0) this.#leases.splice(index, 1);
  }

  /** Counts a successful probe and returns whether that is enough to close the circuit. */
  success(): boolean {
    this.#successesMissing -= 1;
    return this.#successesMissing <= 0;
  }
}
