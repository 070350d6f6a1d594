/** What a breaker has counted and how it stands, as plain data. */

import { CircuitState } from "./circuit-state.js";
import type { Control } from "./events.js";
import type { Machine } from "./machine.js";
import type { TripSnapshot } from "./trip/trip-policy.js";

/** Counts since the breaker was made; none of them ever goes back. */
export interface CallCounts {
  /** Calls that succeeded in the generation that admitted them. */
  readonly successCount: number;
  /** Calls that failed in the generation that admitted them. */
  readonly failureCount: number;
  /** Calls that say nothing of the upstream. */
  readonly ignoredCount: number;
  /** Calls that settled after their generation had ended; they changed nothing. */
  readonly lateCount: number;
  /** Calls that were refused. */
  readonly rejectedCount: number;
  /** Calls that were let in under `observe` though an automatic breaker would have refused them. */
  readonly wouldRejectCount: number;
  /** How often `state` changed. */
  readonly stateChanges: number;
}

/** A breaker at one moment. */
export interface CircuitBreakerMetrics {
  readonly name: string;
  readonly state: CircuitState;
  readonly control: Control;
  /** Grows with every state change and every manual control. */
  readonly generation: number;
  /** Calls that were let in and have not settled. */
  readonly inFlightCount: number;
  /** Milliseconds spent in this state. */
  readonly stateAgeMs: number;
  /** Milliseconds until the circuit probes; 0 when a call may come, undefined when isolated. */
  readonly retryAfterMs: number | undefined;
  /** The text given to `isolate`, while isolated. */
  readonly isolationReason: string | undefined;
  /**
   * What the trip policy has counted; while open, what it had counted when the circuit opened out of
   * closed. Undefined half-open and isolated.
   */
  readonly trip: TripSnapshot | undefined;
  readonly metrics: CallCounts;
}

/** How a breaker stands now. Changes nothing. */
export function metricsOf(machine: Machine): CircuitBreakerMetrics {
  const { state, visibleState } = machine;
  const nowMs = machine.settings.clock.now();
  const isolated = machine.control === "isolated";
  return {
    name: machine.name,
    state: visibleState,
    control: machine.control,
    generation: machine.generation,
    inFlightCount: machine.inFlight,
    stateAgeMs: nowMs - state.sinceMs,
    retryAfterMs: machine.check().retryAfterMs,
    isolationReason: machine.isolationReason,
    trip: state.kind === CircuitState.HalfOpen || isolated ? undefined : state.counted(nowMs),
    metrics: {
      successCount: machine.successCount,
      failureCount: machine.failureCount,
      ignoredCount: machine.ignoredCount,
      lateCount: machine.lateCount,
      rejectedCount: machine.rejectedCount,
      wouldRejectCount: machine.wouldRejectCount,
      stateChanges: machine.stateChanges,
    },
  };
}
