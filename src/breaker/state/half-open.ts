/**
 * The half-open state: a few calls probe the upstream. Each probe holds a slot until it settles or
 * takes too long.
 */

import { CircuitState } from "../circuit-state.js";
import { remainingMs } from "../rounded-times.js";
import type { TripSnapshot } from "../trip/trip-policy.js";
import type { Admission, LastFailure, StateShape } from "./state-shape.js";

/** The slot of one probe. The lease ends when the probe settles, or at `endsMs`. */
export interface ProbeLease {
  readonly endsMs: number;
}

/** The state of a circuit that probes whether its upstream has recovered. */
export class HalfOpenState implements StateShape {
  declare readonly kind: typeof CircuitState.HalfOpen;
  readonly sinceMs: number;
  failure: LastFailure | undefined;
  readonly #counted: TripSnapshot;
  readonly #slots: number;
  readonly #leaseMs: number;
  /**
   * The leases in the order in which they expire. Expired leases stay until the next call of
   * `lease`.
   */
  readonly #leases = new Set<ProbeLease>();
  #successesMissing: number;

  constructor(
    sinceMs: number,
    counted: TripSnapshot,
    failure: LastFailure | undefined,
    limits: {
      readonly halfOpenMaxCalls: number;
      readonly halfOpenProbeTimeoutMs: number;
      readonly halfOpenSuccessThreshold: number;
    },
  ) {
    this.sinceMs = sinceMs;
    this.#counted = counted;
    this.failure = failure;
    this.#slots = limits.halfOpenMaxCalls;
    this.#leaseMs = limits.halfOpenProbeTimeoutMs;
    this.#successesMissing = limits.halfOpenSuccessThreshold;
  }

  static {
    // `kind` is set on the prototype. A field would take memory in each breaker, and a getter would
    // cost a call at each read.
    Object.defineProperty(HalfOpenState.prototype, "kind", { value: CircuitState.HalfOpen });
  }

  admission(nowMs: number): Admission {
    let ended = 0;
    for (const { endsMs } of this.#leases) {
      if (endsMs > nowMs) {
        const isFull = this.#leases.size - ended >= this.#slots;
        return isFull ? { reason: "probing", retryAfterMs: remainingMs(endsMs, nowMs) } : "admit";
      }
      ended += 1;
    }
    return "admit";
  }

  counted(): TripSnapshot {
    return this.#counted;
  }

  /** Takes a slot. Call it only after `admission` has returned `"admit"` for the same `nowMs`. */
  lease(nowMs: number): ProbeLease {
    for (const old of this.#leases) {
      if (old.endsMs > nowMs) break;
      this.#leases.delete(old);
    }
    const lease = { endsMs: nowMs + this.#leaseMs };
    this.#leases.add(lease);
    return lease;
  }

  /**
   * Gives a slot back. Does nothing if the lease has expired, because another probe may hold the
   * slot.
   */
  giveBack(lease: ProbeLease): void {
    this.#leases.delete(lease);
  }

  /** Counts a successful probe and returns whether it closes the circuit. */
  success(): boolean {
    this.#successesMissing -= 1;
    return this.#successesMissing <= 0;
  }
}
